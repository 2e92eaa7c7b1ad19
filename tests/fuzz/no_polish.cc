// Fuzz targets speak English only; the program's Polish messages are made by CMake.
namespace zubr::core {
extern const char* const kPolishMessages;
const char* const kPolishMessages = "";
}  // namespace zubr::core
