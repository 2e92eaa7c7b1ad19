// A chat template of Go's text/template, as Modelfiles have them, to the Jinja that models carry.
//
// Both kinds that are in use are known: those that walk over .Messages, and those of one turn with .System, .Prompt and
// .Response, which are repeated for every turn the way Ollama does it (template/template.go: what stands behind
// .Response is left out of the last turn). Of the language: text, trimming, comments, if, else, range, with, variables,
// comparisons, and, or, not, len, index, slice, json. .Tools, .ToolCalls, thoughts and images count as absent: tools
// are described to the model in another way.
//
// Pure. Nothing of the text becomes Jinja: it is written as string literals.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace zubr::models {

// "{{ if .System }}", "{{- range .Messages }}": Go. Jinja has {% %} or no dots.
bool looks_like_go_template(std::string_view text);

// kInvalidArgument: no such template (unbalanced, an unknown field); kUnsupported: a part of the language that is not
// known here. Both name it.
Result<std::string> jinja_of_go_template(std::string_view text);

}  // namespace zubr::models
