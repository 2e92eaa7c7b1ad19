// The non-template parts of Asio and Beast, compiled once (BOOST_ASIO_SEPARATE_COMPILATION and Beast's own in
// CMakeLists.txt): other files of this module see declarations only.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
