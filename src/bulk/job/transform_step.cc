#include <algorithm>

#include "bulk/job/row_condition.h"
#include "bulk/job/step.h"

namespace zubr::bulk {
namespace {

class TransformStep final : public Step {
 public:
  TransformStep(std::string sql, RowExpressions expressions, std::vector<formats::Column> columns)
      : sql_(std::move(sql)), expressions_(std::move(expressions)), columns_(std::move(columns)) {}

  const std::vector<formats::Column>& columns() const override { return columns_; }

  Result<void> run(ShardRows& rows, const std::vector<std::uint32_t>& active, std::vector<std::vector<Value>>& values,
                   const Answered& answered, std::stop_token stop) override {
    ZUBR_TRY(result, expressions_.evaluate(rows, active, sql_, stop));
    for (std::size_t i = 0; i < active.size(); ++i) values[0][active[i]] = std::move(result.values[i]);
    for (const auto& failure : result.failures) rows.fail_row(active[failure.row], failure.why);
    answered(std::ssize(active));
    return {};
  }

 private:
  std::string sql_;
  RowExpressions expressions_;
  std::vector<formats::Column> columns_;
};

}  // namespace

bool is_of_the_row(ErrorCode code) {
  return code == ErrorCode::kInvalidArgument || code == ErrorCode::kTooLarge || code == ErrorCode::kCorrupt ||
         code == ErrorCode::kUnsupported;
}

Result<std::unique_ptr<Step>> make_transform(const StepSpec& spec, const ColumnMap& columns, const StepTools& tools) {
  const std::string& sql = std::get<TransformSpec>(spec.what).sql;
  ZUBR_TRY(expressions, RowExpressions::open(columns, tools.spill));
  ZUBR_TRY(type, expressions.type_of(sql));
  return std::make_unique<TransformStep>(sql, std::move(expressions),
                                         std::vector<formats::Column>{{spec.name, type, type == "VARCHAR"}});
}

}  // namespace zubr::bulk
