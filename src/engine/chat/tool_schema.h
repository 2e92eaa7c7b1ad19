// The parameters of a tool as a schema that can be enforced while generating. Pure.
#pragma once

#include <string>

#include "core/result.h"
#include "inference/generation.h"

namespace zubr::engine {

// What check_schema() makes of the tool's parameters. Where it refuses them and the tool is not strict, the keywords
// that cannot be enforced are left out; where that does not help, any object will do. kInvalidArgument, naming the
// tool, for a strict one, and for parameters that are no object's schema.
Result<std::string> enforceable_parameters(const inference::Tool& tool);

}  // namespace zubr::engine
