// GET /props: the model and what the server does where a request says nothing. GET /slots: how busy it is.
#include <fmt/format.h>

#include <algorithm>

#include "server/endpoints/endpoints.h"
#include "server/json_text.h"
#include "server/lent_model.h"

namespace zubr::server::endpoints {

void llama_props(const Site& site, const Request&, Exchange& exchange) {
  const auto lent = lend(site, {}, exchange.stop_token());
  if (!lent) return exchange.send(error_response(lent.error()));
  const LentModel& model = *lent;
  const inference::SamplingOptions usual;
  Response response;
  response.body = fmt::format(
      R"({{"default_generation_settings":{{"n_ctx":{},"params":{{"n_predict":-1,"temperature":{},"top_k":{},)"
      R"("top_p":{},"min_p":{}}}}},"total_slots":{},"model_alias":{},"model_path":"","modalities":{{"vision":{},)"
      R"("audio":{}}},"chat_template":{},"chat_template_caps":{{"supports_tools":{}}},"bos_token":{},)"
      R"("eos_token":{},"build_info":{},"is_sleeping":false}})",
      model.info.context_tokens, usual.temperature, usual.top_k, usual.top_p, usual.min_p, model.info.parallel,
      json_text(model.info.name), model.info.can_see, model.info.can_hear, json_text(model.info.chat_template),
      model.info.template_has_tools, json_text(model.info.begin_token), json_text(model.info.end_token),
      json_text("zubr " + site.version));
  exchange.send(std::move(response));
}

// Which request runs in which slot is the engine's business; what is told is how many do.
void llama_slots(const Site& site, const Request&, Exchange& exchange) {
  const auto lent = lend(site, {}, exchange.stop_token());
  if (!lent) return exchange.send(error_response(lent.error()));
  const LentModel& model = *lent;
  const int running = site.running() - 1;  // without this request
  std::string slots;
  for (int slot = 0; slot < std::max(model.info.parallel, 1); ++slot)
    slots += fmt::format(R"({}{{"id":{},"n_ctx":{},"speculative":false,"is_processing":{}}})", slot == 0 ? "" : ",",
                         slot, model.info.context_tokens, slot < running);
  Response response;
  response.body = '[' + slots + ']';
  exchange.send(std::move(response));
}

}  // namespace zubr::server::endpoints
