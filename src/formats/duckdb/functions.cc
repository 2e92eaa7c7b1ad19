#include "formats/duckdb/functions.h"

#include <xxhash.h>

#include <random>

#include "formats/json_text.h"

namespace zubr::formats {
namespace {

using OwnedFunction = Owned<duckdb_scalar_function, duckdb_destroy_scalar_function>;

std::uint64_t process_seed() {
  // Not fixed, so that nobody can prepare two texts that collide.
  static const std::uint64_t seed = [] {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
  }();
  return seed;
}

struct Argument {
  explicit Argument(duckdb_vector vector)
      : data(duckdb_vector_get_data(vector)), validity(duckdb_vector_get_validity(vector)) {}
  bool is_null(std::size_t row) const { return validity != nullptr && !duckdb_validity_row_is_valid(validity, row); }
  std::string_view text(std::size_t row) const {
    auto* strings = static_cast<duckdb_string_t*>(data);
    return {duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row])};
  }
  void* data;
  std::uint64_t* validity;
};

void hash_texts(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const Argument texts(duckdb_data_chunk_get_vector(input, 0));
  auto* hashes = static_cast<duckdb_uhugeint*>(duckdb_vector_get_data(output));
  const std::size_t size = duckdb_data_chunk_get_size(input);
  for (std::size_t row = 0; row < size; ++row) {
    if (texts.is_null(row)) {
      hashes[row] = {1, 1};
      continue;
    }
    const std::string_view text = texts.text(row);
    const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), process_seed());
    hashes[row] = {hash.low64, hash.high64};
  }
}

template <bool as_json>
void take_fields(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output) {
  const auto& codec = **static_cast<std::shared_ptr<const RowCodec>*>(duckdb_scalar_function_get_extra_info(info));
  const Argument raws(duckdb_data_chunk_get_vector(input, 0));
  const Argument numbers(duckdb_data_chunk_get_vector(input, 1));
  const std::size_t size = duckdb_data_chunk_get_size(input);
  duckdb_vector_ensure_validity_writable(output);
  std::uint64_t* validity = duckdb_vector_get_validity(output);
  std::string scratch;
  std::string json;
  for (std::size_t row = 0; row < size; ++row) {
    Field field;
    if (!raws.is_null(row)) {
      const auto number = static_cast<const std::int64_t*>(numbers.data)[row];
      field = codec.field(raws.text(row), static_cast<std::size_t>(number), scratch);
    }
    if (field.kind == Field::Kind::kNull) {
      duckdb_validity_set_row_invalid(validity, row);
    } else if (as_json && field.kind == Field::Kind::kText) {
      json.clear();
      append_json_string(json, field.text);
      duckdb_vector_assign_string_element_len(output, row, json.data(), json.size());
    } else {
      duckdb_vector_assign_string_element_len(output, row, field.text.data(), field.text.size());
    }
  }
}

Result<void> add(const Connection& connection, OwnedFunction function, const char* name) {
  duckdb_scalar_function_set_name(function.get(), name);
  duckdb_scalar_function_set_special_handling(function.get());
  if (duckdb_register_scalar_function(connection.get(), function.get()) != DuckDBSuccess) {
    return fail(ErrorCode::kInternal, "DuckDB does not take the function {}", name);
  }
  return {};
}

}  // namespace

Result<void> add_hash_function(const Connection& connection) {
  OwnedFunction function(duckdb_create_scalar_function());
  const OwnedType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const OwnedType hash(duckdb_create_logical_type(DUCKDB_TYPE_UHUGEINT));
  duckdb_scalar_function_add_parameter(function.get(), text.get());
  duckdb_scalar_function_set_return_type(function.get(), hash.get());
  duckdb_scalar_function_set_function(function.get(), hash_texts);
  return add(connection, std::move(function), "zubr_hash");
}

Result<void> add_field_functions(const Connection& connection, std::shared_ptr<const RowCodec> codec) {
  const OwnedType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  const OwnedType number(duckdb_create_logical_type(DUCKDB_TYPE_BIGINT));
  const std::pair<const char*, duckdb_scalar_function_t> functions[] = {{"zubr_field", take_fields<false>},
                                                                        {"zubr_json", take_fields<true>}};
  for (const auto& [name, call] : functions) {
    OwnedFunction function(duckdb_create_scalar_function());
    duckdb_scalar_function_add_parameter(function.get(), text.get());
    duckdb_scalar_function_add_parameter(function.get(), number.get());
    duckdb_scalar_function_set_return_type(function.get(), text.get());
    // DuckDB shares the codec with the spool, as long as the database is open.
    duckdb_scalar_function_set_extra_info(function.get(), new std::shared_ptr<const RowCodec>(codec), [](void* extra) {
      delete static_cast<std::shared_ptr<const RowCodec>*>(extra);
    });
    duckdb_scalar_function_set_function(function.get(), call);
    ZUBR_CHECK(add(connection, std::move(function), name));
  }
  return {};
}

}  // namespace zubr::formats
