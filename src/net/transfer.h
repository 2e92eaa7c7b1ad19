// One exchange without redirects, over libcurl; and the handles that keep its connections alive. Only for
// http_client.cc.
//
// One thread at a time per Transfer.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "core/result.h"
#include "net/http.h"
#include "net/http_client.h"
#include "net/url.h"

namespace zubr::net {

class Transfer {
 public:
  Transfer();
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // `wants_body` is asked once, when the headers are complete: false = read and forget the body (a redirect's).
  using WantsBody = std::function<bool(const HttpResponse&)>;
  Result<HttpResponse> perform(const HttpOptions& options, const HttpRequest& request, const Url& url,
                               const Headers& headers, BodySink& sink, const WantsBody& wants_body,
                               const std::stop_token& stop);

 private:
  struct Handles;
  std::unique_ptr<Handles> handles_;
};

}  // namespace zubr::net
