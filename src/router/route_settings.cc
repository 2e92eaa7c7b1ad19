#include "router/route_settings.h"

namespace zubr::router {

std::vector<core::Setting> route_settings() {
  return {
      {.name = "route.policy",
       .fallback = "cheapest",
       .help =
           "How one is chosen among those who may answer: by the expected cost of the request, by the expected time, "
           "at random with cheaper ones more often, or one's own machines before the cheapest.",
       .example = "local-first",
       .flag = "--route",
       .choices = {"cheapest", "fastest", "balanced", "local-first"},
       .where = "run, route"},
      {.name = "route.privacy",
       .fallback = "any",
       .help =
           "Who may see requests: this machine only, one's own machines too, also providers known neither to train on "
           "what is sent nor to keep it, or any. A request can only narrow it.",
       .example = "zdr",
       .flag = "--privacy",
       .choices = {"local", "private", "zdr", "any"},
       .where = "run, route"},
      {.name = "route.guard",
       .fallback = "mask",
       .help = "What happens to PESEL, NIP, REGON, IBAN and card numbers, e-mail addresses, telephone numbers and keys "
               "before a request leaves for somebody else's machine: they are replaced by names and put back in the "
               "answer, keep the request on one's own machines, or stop it.",
       .example = "block",
       .flag = "--guard",
       .choices = {"off", "mask", "local", "block"},
       .where = "run"},
  };
}

}  // namespace zubr::router
