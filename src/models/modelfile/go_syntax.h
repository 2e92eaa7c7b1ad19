// The syntax of Go's text/template (https://pkg.go.dev/text/template) as a tree: only the part that chat templates use.
// Pure; depth and size are bounded.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace zubr::models {

struct GoExpr {
  enum class Kind { kDot, kField, kVariable, kText, kNumber, kConstant, kCall };
  Kind kind = Kind::kDot;
  std::string text = {};               // of kField: the name; kVariable: "$i", "$"; kCall: the function
  std::vector<GoExpr> arguments = {};  // of kCall; of kField: what it is a field of
};

struct GoNode {
  enum class Kind { kText, kOutput, kIf, kRange, kWith, kSet };
  Kind kind = Kind::kText;
  std::string text = {};               // of kText; of kSet: the variable
  GoExpr expression = {};              // what is written, tested, walked over or assigned
  std::string index = {}, value = {};  // of kRange: "$i", "$v"
  std::vector<GoNode> body = {}, otherwise = {};
};

// kInvalidArgument: unbalanced, cut short; kUnsupported: what is not known (named).
Result<std::vector<GoNode>> parse_go_template(std::string_view text);

}  // namespace zubr::models
