// GET /props: the model and what the server does where a request says nothing. GET /slots: how busy it is.
#include <fmt/format.h>

#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"

namespace zubr::server::endpoints {

void llama_props(const Site& site, const Request&, Exchange& exchange) {
  const inference::SamplingOptions usual;
  Response response;
  response.body = fmt::format(
      R"({{"default_generation_settings":{{"n_ctx":{},"params":{{"n_predict":-1,"temperature":{},"top_k":{},)"
      R"("top_p":{},"min_p":{}}}}},"total_slots":{},"model_alias":{},"model_path":"","modalities":{{"vision":false,)"
      R"("audio":false}},"chat_template":{},"chat_template_caps":{{"supports_tools":{}}},"bos_token":{},)"
      R"("eos_token":{},"build_info":{},"is_sleeping":false}})",
      site.model.context_tokens, usual.temperature, usual.top_k, usual.top_p, usual.min_p, site.model.parallel,
      json_text(site.model.name), json_text(site.model.chat_template), site.model.template_has_tools,
      json_text(site.model.begin_token), json_text(site.model.end_token), json_text("zubr " + site.version));
  exchange.send(std::move(response));
}

// Which request runs in which slot is the engine's business; what is told is how many do.
void llama_slots(const Site& site, const Request&, Exchange& exchange) {
  const int running = site.running();
  std::string slots;
  for (int slot = 0; slot < std::max(site.model.parallel, 1); ++slot)
    slots += fmt::format(R"({}{{"id":{},"n_ctx":{},"speculative":false,"is_processing":{}}})", slot == 0 ? "" : ",",
                         slot, site.model.context_tokens, slot < running);
  Response response;
  response.body = '[' + slots + ']';
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
