#include "providers/upstream.h"

#include <cmath>

#include "net/rate_limit.h"
#include "net/sse.h"
#include "providers/deadline.h"
#include "providers/wire/dialect.h"

namespace zubr::providers {
namespace {

constexpr std::size_t kMaxEventBytes = 8u << 20;
constexpr std::size_t kMaxErrorBytes = 64u << 10;
constexpr std::size_t kMaxStreamBytes = 256u << 20;  // with everything around the answer's own text

using inference::GenerateRequest;

bool has_type(const net::HttpResponse& head, std::string_view type) {
  std::string given(head.headers.get("content-type"));
  given = given.substr(0, given.find(';'));
  return net::equal_ignoring_case(net::trim(given), type);
}

// Takes an answer apart as it arrives: events, one piece, or an error.
class AnswerSink : public net::BodySink {
 public:
  explicit AnswerSink(AnswerReader& reader) : reader_(reader), parser_(kMaxEventBytes) {}

  Result<net::Flow> begin(const net::HttpResponse& head) override {
    status_ = head.status;
    form_ = !head.ok()                            ? Form::kError
            : has_type(head, "text/event-stream") ? Form::kEvents
            : has_type(head, "application/json")  ? Form::kWhole
                                                  : Form::kOther;
    if (form_ != Form::kOther) return net::Flow::kMore;
    failure_ =
        UpstreamError{.fault = Fault::kNotUnderstood, .message = message("its answer is neither JSON nor events")};
    return net::Flow::kEnough;
  }

  Result<net::Flow> write(std::string_view bytes) override {
    received_ += bytes.size();
    const std::size_t limit = form_ == Form::kError ? kMaxErrorBytes : kMaxStreamBytes;
    if (received_ > limit && form_ == Form::kError) return net::Flow::kEnough;
    if (received_ > limit) return stop_with(Fault::kNotUnderstood, message("its answer is over {} bytes", limit));
    if (form_ != Form::kEvents) {
      body_ += bytes;
      return net::Flow::kMore;
    }
    auto events = parser_.feed(bytes);
    if (!events) return stop_with(Fault::kNotUnderstood, events.error().message());
    return pass_on(*events);
  }

  // After the last byte; `whole`: the connection ended as it should.
  UpstreamResult<void> end(bool whole) {
    if (form_ == Form::kEvents && whole && !failure_) {
      if (auto events = parser_.finish()) (void)pass_on(*events);
      // Half an event is not a wrong one: the answer breaks off.
      if (failure_ && failure_->fault == Fault::kNotUnderstood) failure_.reset();
    }
    if (form_ == Form::kWhole && whole && !failure_)
      if (auto read = reader_.whole(body_); !read) failure_ = std::move(read).error();
    if (failure_) return tl::unexpected(*failure_);
    return {};
  }

  bool is_error() const { return form_ == Form::kError; }
  const std::string& body() const { return body_; }
  int status() const { return status_; }

 private:
  enum class Form { kOther, kError, kEvents, kWhole };

  Result<net::Flow> stop_with(Fault fault, std::string why) {
    failure_ = UpstreamError{.fault = fault, .message = std::move(why)};
    return net::Flow::kEnough;
  }

  Result<net::Flow> pass_on(const std::vector<net::SseEvent>& events) {
    for (const net::SseEvent& event : events) {
      if (auto read = reader_.event(event.name, event.data); !read) {
        failure_ = std::move(read).error();
        return net::Flow::kEnough;
      }
    }
    return net::Flow::kMore;
  }

  AnswerReader& reader_;
  net::SseParser parser_;
  Form form_ = Form::kOther;
  int status_ = 0;
  std::size_t received_ = 0;
  std::string body_;
  std::optional<UpstreamError> failure_;
};

// The texts of a request that no message may repeat.
std::vector<std::string_view> content_of(const GenerateRequest& request) {
  std::vector<std::string_view> content;
  for (const inference::Message& message : request.messages) {
    content.push_back(message.content);
    for (const inference::ToolCall& call : message.tool_calls) content.push_back(call.arguments);
  }
  if (request.raw_prompt) content.push_back(*request.raw_prompt);
  if (request.suffix) content.push_back(*request.suffix);
  return content;
}

Fault fault_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTimeout: return Fault::kTimeout;
    case ErrorCode::kCancelled: return Fault::kCancelled;
    case ErrorCode::kTooLarge:
    case ErrorCode::kCorrupt: return Fault::kNotUnderstood;
    default: return Fault::kNetwork;
  }
}

// What a call is about, for its errors.
struct Call {
  const Provider& provider;
  const std::string& model;
  const std::string& key;
  std::vector<std::string_view> content;

  UpstreamError error(UpstreamError error) const {
    std::string why = error.said.empty() ? error.message : say_safely(error.said, {key}, content);
    error.said.clear();
    if (why.empty()) why = message("it does not say why");
    const std::string who = model.empty() ? provider.name : provider.name + "/" + model;
    error.message = advice(error.fault, fmt::format("{}: {}", who, describe(error, why)));
    return error;
  }

  static std::string describe(const UpstreamError& error, const std::string& why) {
    if (error.status == 0 || error.status == 200) return why;
    return message("HTTP {} ({}): {}", error.status, fault_name(error.fault), why);
  }

  std::string advice(Fault fault, std::string text) const {
    if (fault == Fault::kBadKey && !provider.key_variable.empty() && key.empty())
      return message("{}; set {}", text, provider.key_variable);
    if (fault == Fault::kBadKey && !provider.key_variable.empty())
      return message("{}; check the key in {}", text, provider.key_variable);
    return text;
  }

  tl::unexpected<UpstreamError> refuse(Fault fault, std::string why) const {
    return tl::unexpected(error({.fault = fault, .message = std::move(why)}));
  }
};

// A redirect to another origin would take the prompt to somebody else.
net::RedirectDecision only_here(const net::Hop& hop) {
  return hop.same_origin ? net::RedirectDecision::kFollow : net::RedirectDecision::kStop;
}

net::HttpRequest http_request(const Provider& provider, const WireDialect& dialect, const std::string& key,
                              const WireRequest& wire) {
  net::HttpRequest http;
  http.method = wire.body.empty() ? net::Method::kGet : net::Method::kPost;
  http.url = provider.base_url + wire.path;
  http.headers = dialect.headers(key);
  http.headers.add("Accept", "text/event-stream, application/json");
  if (!wire.body.empty()) http.headers.add("Content-Type", "application/json");
  http.body = wire.body;
  http.on_redirect = only_here;
  http.stall_timeout = provider.limits.patience;
  http.max_body_bytes = kMaxAnswerBytes;
  return http;
}

UpstreamError status_error(const net::HttpResponse& head, std::string_view body) {
  const Complaint complaint = read_complaint(head.status, body);
  UpstreamError error{.fault = classify(complaint), .status = complaint.status, .said = complaint.text};
  error.retry_after = net::requested_wait(head.headers, std::chrono::system_clock::now());
  if (head.status < 400) {
    error.fault = Fault::kNotUnderstood;
    error.message = message("it sends the request elsewhere; that is not followed");
    error.said.clear();
  }
  return error;
}

std::string list_of(Features features) { return fmt::format("{}", fmt::join(feature_names(features), ", ")); }

UpstreamResult<void> check(const Call& call, const GenerateRequest& request) {
  const Provider& provider = call.provider;
  if (request.prompt_tokens || !request.adapters.empty())
    return call.refuse(Fault::kUnsupported, message("it takes no prompt as tokens and no adapters of ours"));
  const Features able = provider.features & ~Features{kMedia};
  if (const Features missing = needed_features(request) & ~able; missing != 0)
    return call.refuse(Fault::kUnsupported, message("it cannot do this: {}", list_of(missing)));
  if (request.raw_prompt && request.top_logprobs >= 0)
    return call.refuse(Fault::kUnsupported, message("it gives log-probabilities for messages only"));
  const auto stops = static_cast<std::size_t>(provider.limits.max_stops);
  if (stops > 0 && request.stop.size() > stops)
    return call.refuse(Fault::kUnsupported,
                       message("it takes {} stop texts, the request has {}", stops, request.stop.size()));
  return {};
}

}  // namespace

Features needed_features(const GenerateRequest& request) {
  Features needed = request.raw_prompt ? kCompletions : kChat;
  if (!request.tools.empty()) needed |= kTools;
  if (request.json_schema) needed |= kJsonSchema;
  if (request.top_logprobs >= 0) needed |= kLogprobs;
  if (!request.sampling.logit_bias.empty()) needed |= kLogitBias;
  if (request.suffix) needed |= kSuffix;
  for (const inference::Message& message : request.messages)
    if (!message.media.empty()) needed |= kMedia;
  return needed;
}

Features wished_features(const GenerateRequest& request) {
  const inference::SamplingOptions& asked = request.sampling;
  const inference::SamplingOptions usual;
  Features wished = 0;
  if (asked.top_k != usual.top_k && asked.top_k != 0) wished |= kTopK;
  if (asked.min_p != usual.min_p && asked.min_p != 0) wished |= kMinP;
  if (asked.typical_p != usual.typical_p) wished |= kTypicalP;
  if (asked.repeat_penalty != usual.repeat_penalty) wished |= kRepeatPenalty;
  if (asked.presence_penalty != 0 || asked.frequency_penalty != 0) wished |= kPenalties;
  if (asked.seed) wished |= kSeed;
  if (request.thinking) wished |= kReasoning;
  return wished;
}

Upstream::Upstream(Provider provider, std::shared_ptr<net::HttpClient> client)
    : provider_(std::move(provider)), client_(std::move(client)) {
  switch (provider_.dialect) {
    case Dialect::kOpenAi: dialect_ = make_open_ai(provider_); break;
    case Dialect::kAnthropic: dialect_ = make_anthropic(provider_); break;
    case Dialect::kGemini: dialect_ = make_gemini(provider_); break;
  }
}

Upstream::~Upstream() = default;

UpstreamResult<Answer> Upstream::generate(const std::string& model, const std::string& key,
                                          const GenerateRequest& request, const inference::EventSink& sink,
                                          std::stop_token stop) const {
  const Call call{provider_, model, key, content_of(request)};
  if (auto checked = check(call, request); !checked) return tl::unexpected(checked.error());
  auto wire = dialect_->generation(model, request);
  if (!wire) return tl::unexpected(call.error(wire.error()));

  const auto start = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> first;
  const inference::EventSink timed = [&](const inference::Event& event) {
    if (!first) first = std::chrono::steady_clock::now();
    if (sink) sink(event);
  };
  AnswerBuilder builder(timed);
  const auto reader = dialect_->reader(request, builder);
  AnswerSink body(*reader);
  const Deadline deadline(request.deadline, stop);
  const auto head = client_->stream(http_request(provider_, *dialect_, key, *wire), body, deadline.token());
  const auto fail_with = [&](UpstreamError error) {
    error.after_output = builder.has_output();
    return tl::unexpected(call.error(std::move(error)));
  };
  if (head && body.is_error()) return fail_with(status_error(*head, body.body()));
  auto ended = body.end(head.has_value());
  if (!ended) return fail_with(std::move(ended).error());
  // An answer whose end was said is whole, whatever then became of the connection.
  if (!reader->complete()) {
    if (deadline.passed())
      return fail_with({.fault = Fault::kTimeout, .message = message("the answer was not whole at the deadline")});
    if (head) return fail_with({.fault = Fault::kCut, .message = message("the answer breaks off")});
    const Fault fault = fault_of(head.error().code());
    return fail_with({.fault = fault == Fault::kNetwork && builder.has_output() ? Fault::kCut : fault,
                      .message = head.error().message()});
  }
  auto answer = builder.take();
  if (!answer) return fail_with(answer.error());
  const auto end = std::chrono::steady_clock::now();
  answer->generation.prompt_time = first.value_or(end) - start;
  answer->generation.completion_time = end - first.value_or(end);
  return answer;
}

UpstreamResult<Embedded> Upstream::embed(const std::string& model, const std::string& key,
                                         const inference::EmbedRequest& request, std::stop_token stop) const {
  Call call{provider_, model, key, {}};
  for (const std::string& text : request.texts) call.content.push_back(text);
  if ((provider_.features & kEmbeddings) == 0)
    return call.refuse(Fault::kUnsupported, message("it cannot do this: {}", feature_name(kEmbeddings)));
  Embedded all;
  all.usage_known = true;
  const std::size_t step = provider_.limits.embed_texts > 0 ? static_cast<std::size_t>(provider_.limits.embed_texts)
                                                            : std::max<std::size_t>(1, request.texts.size());
  for (std::size_t at = 0; at < request.texts.size(); at += step) {
    inference::EmbedRequest part{.model = {}, .texts = {}, .normalize = request.normalize};
    part.texts.assign(request.texts.begin() + static_cast<std::ptrdiff_t>(at),
                      request.texts.begin() + static_cast<std::ptrdiff_t>(std::min(at + step, request.texts.size())));
    auto wire = dialect_->embedding(model, part);
    if (!wire) return tl::unexpected(call.error(wire.error()));
    auto answer = client_->fetch(http_request(provider_, *dialect_, key, *wire), stop);
    if (!answer) return call.refuse(fault_of(answer.error().code()), answer.error().message());
    if (!answer->ok()) return tl::unexpected(call.error(status_error(*answer, answer->body)));
    auto read = dialect_->read_embeddings(answer->body, part.texts.size());
    if (!read) return tl::unexpected(call.error(read.error()));
    all.usage_known = all.usage_known && read->usage_known;
    all.prompt_tokens += read->prompt_tokens;
    for (inference::Embedding& vector : read->vectors) {
      if (!all.vectors.empty() && vector.values.size() != all.vectors.front().values.size())
        return call.refuse(Fault::kNotUnderstood, message("its vectors have different lengths"));
      all.vectors.push_back(std::move(vector));
    }
  }
  if (!request.normalize) return all;
  for (inference::Embedding& vector : all.vectors) {
    double sum = 0;
    for (const float value : vector.values) sum += static_cast<double>(value) * static_cast<double>(value);
    const auto length = static_cast<float>(std::sqrt(sum));
    if (length > 0)
      for (float& value : vector.values) value /= length;
  }
  return all;
}

UpstreamResult<std::vector<std::string>> Upstream::models(const std::string& key, std::stop_token stop) const {
  const std::string none;
  const Call call{provider_, none, key, {}};
  const auto answer = client_->fetch(http_request(provider_, *dialect_, key, {dialect_->models_path(), {}}), stop);
  if (!answer) return call.refuse(fault_of(answer.error().code()), answer.error().message());
  if (!answer->ok()) return tl::unexpected(call.error(status_error(*answer, answer->body)));
  auto names = dialect_->read_models(answer->body);
  if (!names) return tl::unexpected(call.error(names.error()));
  return names;
}

}  // namespace zubr::providers
