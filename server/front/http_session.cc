// SPDX-License-Identifier: Apache-2.0
#include "server/front/http_session.h"

#include <algorithm>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "server/base/limits.h"
#include "server/codec/stream.h"
#include "server/front/call.h"
#include "server/front/upload_limits.h"
#include "server/net/http_rules.h"

namespace lockstep {

static_assert(limits::blob_bytes_max >= limits::body_bytes_max,
              "the parser takes the longest body of any route");

HttpSession::Exchange::Exchange() : parser(limits::blob_bytes_max) {}

ConnectionParts connection_parts(Front& front) {
  return {.counts = front.counts,
          .rate = front.rate,
          .tickets = front.tickets,
          .auth = front.auth,
          .memory = front.memory,
          .speak = [&front](Transport& transport) {
            return std::make_unique<HttpSession>(transport, front);
          }};
}

HttpSession::HttpSession(Transport& transport, Front& front)
    : transport_(transport),
      front_(front),
      since_(transport.now()),
      held_(front.memory, MemoryKind::bodies) {}

HttpSession::~HttpSession() {
  if (exchange_ && exchange_->stream) --front_.counts.streams;
}

// --- In ------------------------------------------------------------------------------------------

void HttpSession::received(std::string_view bytes) {
  // While it streams, and after a refusal, the session ignores input.
  if (state_ == State::streaming || state_ == State::closing) return;
  in_ += bytes;
  if (state_ == State::idle || state_ == State::reading) read_requests();
  if (!hold() && state_ == State::reading) {
    refuse(make_problem(codes::overloaded, "The server has no free memory: try again later."));
  }
  throttle();
}

bool HttpSession::hold() {
  const std::size_t bytes = in_.size() + body_bytes();
  const bool admitted = may_hold(front_.memory, held_.bytes(), bytes);
  held_.set(bytes);
  return admitted;
}

// Backpressure: beyond the limit, pipelined requests wait in the socket and not in memory, and so
// do uploads that the disk is too slow for.
void HttpSession::throttle() {
  const bool hears = state_ == State::streaming || state_ == State::closing;
  const bool full = exchange_ && exchange_->sink && body_bytes() > limits::upload_held_max;
  transport_.read(hears || (in_.size() <= limits::pipelined_bytes_max && !full));
}

void HttpSession::read_requests() {
  while (!in_.empty() && out_.size() < limits::write_bytes_max && lasting_.empty()) {
    if (state_ != State::idle && state_ != State::reading) return;
    if (!read_some()) return;
  }
}

bool HttpSession::read_some() {
  if (state_ == State::idle) {
    // A server ignores empty lines before a request (RFC 9112, 2.2).
    const std::size_t start = in_.find_first_not_of("\r\n");
    in_.erase(0, std::min(start, in_.size()));
    if (in_.empty()) return false;
    exchange_ = std::make_unique<Exchange>();
    state_ = State::reading;
    since_ = transport_.now();
  }
  const bool had_head = exchange_->parser.head_done();
  in_.erase(0, exchange_->parser.feed(in_));
  if (in_.empty()) std::string().swap(in_);
  if (!had_head && exchange_->parser.head_done()) head_came();
  if (state_ != State::reading || !pour()) return false;
  if (!exchange_->bytes.set(body_bytes())) {
    refuse(
        make_problem(codes::too_many, "Too many unanswered bytes of this user: try again later."));
    return false;
  }
  if (const auto& problem = exchange_->parser.problem()) {
    const auto& admission = exchange_->admission;
    if (admission && admission->route) {
      body_refused(front_, *admission->route, admission->call, *problem);
    }
    refuse(*problem);
    return false;
  }
  if (!exchange_->parser.done()) {
    // The parser takes everything but an incomplete head of a chunk.
    if (exchange_->parser.head_done() && in_.size() > limits::header_bytes_max) {
      refuse(make_problem(codes::malformed, "The head of a chunk is too long."));
    }
    return false;
  }
  dispatch();
  return state_ == State::idle;
}

void HttpSession::head_came() {
  Request request = exchange_->parser.take_head();
  ++front_.counts.requests;
  since_ = transport_.now();
  exchange_->head = {.keep_alive = request.keep_alive,
                     .is_http_1_0 = request.is_http_1_0,
                     .date = {},
                     .extra = {}};
  exchange_->is_head = request.method == "HEAD";
  if (const auto problem = check_framing(request)) return refuse(*problem);
  const bool expects = request.header("expect") != nullptr && !request.is_http_1_0;
  auto cors = cors_headers(request);
  const std::string address =
      client_address(transport_.address(), request, front_.rate.rules().proxies);
  if (address != transport_.address()) {
    auto open = front_.rate.open_behind_proxy(address);
    if (!open)
      return refuse(make_problem(codes::too_many, "Too many open requests: try again later."));
    exchange_->of_address = std::move(*open);
  }
  auto admission = admit(front_, std::move(request), address, transport_.now());
  if (!admission) {
    if (admission.error().code != codes::forbidden_origin) exchange_->head.extra = std::move(cors);
    // An unread body, or an ambiguous header, hides where the next request begins.
    const bool unclear = admission.error().code == codes::malformed;
    if (unclear || !exchange_->parser.done()) exchange_->head.keep_alive = false;
    answer_with(response_of(admission.error()));
    return;
  }
  exchange_->head.extra = std::move(cors);
  if (!admission->call.user.get().empty()) {
    exchange_->caller = {admission->call.user, admission->call.token};
  }
  exchange_->admission = std::move(*admission);
  exchange_->of_user = std::move(exchange_->admission->open);
  exchange_->bytes.start(front_.rate, exchange_->admission->call.user.get());
  const Route* route = exchange_->admission->route;
  const bool streams = route != nullptr && route->body == Route::Body::stream;
  exchange_->parser.limit_body(streams ? limits::blob_bytes_max : limits::body_bytes_max);
  if (streams && !exchange_->parser.problem()) {
    begin_sink(*route, exchange_->admission->call);
    if (state_ != State::reading) return;
  }
  if (expects && !exchange_->parser.done() && !exchange_->parser.problem()) {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    transport_.wake();
  }
}

void HttpSession::dispatch() {
  if (exchange_->sink) {
    state_ = State::answering;
    hold();
    return exchange_->sink->end();
  }
  Admission admission = std::move(*exchange_->admission);
  state_ = State::answering;
  if (admission.route == nullptr) return answer_with(std::move(admission.response));
  admission.call.request.body = exchange_->parser.take_body();
  hold();
  if (open_) admission.call.client = open_->watch();
  awaited_.emplace();
  handle(front_, *admission.route, std::move(admission.call),
         awaited_->guard([this](Answer answer) { answered(std::move(answer)); }));
}

void HttpSession::input_ended() {
  input_ended_ = true;
  open_.reset();
  if (state_ == State::streaming && exchange_->form == Form::sse) {
    // The client may be gone: then this write fails and shows it.
    out_ += sse_comment;
    transport_.wake();
  }
  if (!closed_at_end()) transport_.wake();
}

bool HttpSession::closed_at_end() {
  const bool reads = state_ == State::idle || state_ == State::reading;
  if (!input_ended_ || !reads || !out_.empty() || !lasting_.empty()) return false;
  close();
  return true;
}

// --- Answers -------------------------------------------------------------------------------------

void HttpSession::refuse(const Problem& problem) {
  exchange_->head.keep_alive = false;
  answer_with(response_of(problem));
}

void HttpSession::answered(Answer answer) {
  const bool early = state_ == State::reading;  // a sink refuses a body before its end
  MUST(state_ == State::answering || early);
  awaited_.reset();
  if (early) exchange_->head.keep_alive = false;
  exchange_->bytes.set(0);  // an answer may go on for hours
  // The token was revoked meanwhile. A whole answer still counts; a stream would go on without it.
  if (!std::holds_alternative<Response>(answer) && is_revoked()) return refuse(revoked());
  std::visit([this](auto&& each) { answer_with(std::forward<decltype(each)>(each)); },
             std::move(answer));
}

HeadOptions HttpSession::head_options(bool keep_alive) const {
  HeadOptions options = exchange_->head;
  options.keep_alive = keep_alive;
  options.date = front_.date;
  return options;
}

bool HttpSession::keeps_alive() const {
  const bool more = !input_ended_ || !in_.empty();
  return exchange_->head.keep_alive && more && !stopping_ && !front_.stopping;
}

void HttpSession::answer_with(Response response) {
  const bool keep = keeps_alive();
  if (response.status >= 400) ++front_.counts.requests_refused;
  append_head(out_, response, head_options(keep));
  if (!exchange_->is_head) {
    out_ += response.body;
    lasting_ = response.lasting;
  }
  end_exchange(keep);
}

void HttpSession::end_exchange(bool keep_alive) {
  if (exchange_->stream) --front_.counts.streams;
  awaited_.reset();
  exchange_.reset();
  state_ = keep_alive ? State::idle : State::closing;
  if (!keep_alive) std::string().swap(in_);
  hold();
  since_ = transport_.now();
  throttle();
  transport_.wake();
  if (!keep_alive) transport_.finish();
}

void HttpSession::answer_with(StreamAnswer answer) {
  if (exchange_->is_head && answer.form != Form::json) {
    append_stream_head(out_, answer.form, head_options(false));
    return end_exchange(false);
  }
  exchange_->stream = std::move(answer.stream);
  exchange_->form = answer.form;
  exchange_->held = Charge(front_.memory, MemoryKind::followers, limits::stream_bytes);
  ++front_.counts.streams;
  exchange_->stream->attach(*this);
  if (answer.form != Form::json) {
    append_stream_head(out_, answer.form, head_options(false));
    state_ = State::streaming;
    std::string().swap(in_);
    transport_.read(true);
  }
  since_ = transport_.now();
  if (stopping_) exchange_->stream->shut_down();  // the stop began before there was a stream
  transport_.wake();
}

void HttpSession::answer_with(UpgradeAnswer answer) {
  append_upgrade_head(out_, answer);
  upgrade_ = std::make_unique<UpgradeAnswer>(std::move(answer));
  state_ = State::upgrading;
  transport_.wake();
}

std::unique_ptr<Protocol> HttpSession::successor() {
  if (state_ != State::upgrading || !out_.empty()) return nullptr;
  state_ = State::closing;
  std::unique_ptr<Protocol> next = upgrade_->start(transport_, std::move(exchange_->of_address));
  if (!in_.empty()) next->received(in_);  // a client may send frames right behind its handshake
  if (input_ended_) next->input_ended();
  return next;
}

// --- Out -----------------------------------------------------------------------------------------

void HttpSession::woken(Stream& /*stream*/) { transport_.wake(); }

void HttpSession::fill(std::string& out) {
  if (!out_.empty()) {
    out += out_;
    std::string().swap(out_);
  }
  if (exchange_ && exchange_->stream) fill_stream(out);
  out += std::exchange(out_, {});  // a JSON answer may be whole now, and this the last `fill`
  if (!lasting_.empty()) fill_lasting(out);
  if (state_ == State::idle || state_ == State::reading) read_requests();
  if (!closed_at_end()) throttle();
}

// --- Tokens --------------------------------------------------------------------------------------

bool HttpSession::is_revoked() const {
  return exchange_ && exchange_->caller && !front_.auth.allows(*exchange_->caller);
}

void HttpSession::tokens_changed() {
  if (!is_revoked()) return;
  if (state_ == State::reading) return refuse(revoked());
  if (!exchange_->stream) return;
  if (exchange_->left) return end_exchange(false);  // a body can't become a refusal
  // A JSON answer that has not begun becomes a refusal; a stream ends with a frame with the reason.
  if (state_ == State::answering) return refuse(revoked());
  std::string frame;
  append_failure(frame, revoked());
  Framing{exchange_->form, {}}.append(out_, frame, {});
  end_exchange(false);
}

// --- Time ----------------------------------------------------------------------------------------

void HttpSession::tick(Tick now) {
  const Tick age = now - since_;
  switch (state_) {
    case State::idle:
      if (age > limits::idle_time_max) close();
      break;
    case State::reading: {
      const bool in_body = exchange_->parser.head_done();
      const Tick body_max = exchange_->sink ? limits::upload_time_max : limits::body_time_max;
      if (age <= (in_body ? body_max : limits::header_time_max)) break;
      refuse(make_problem(codes::timeout, "The request did not arrive in time: send it again."));
      break;
    }
    case State::streaming:
      // A comment tells proxies and the reader that the connection is alive.
      if (exchange_->form == Form::sse && age >= limits::silence_max) {
        out_ += sse_comment;
        since_ = now;
        transport_.wake();
      }
      break;
    case State::answering:
    case State::upgrading:
    case State::closing:
      break;
  }
}

void HttpSession::shut_down() {
  stopping_ = true;
  if (state_ == State::idle) return close();
  if (state_ == State::reading) {
    return refuse(make_problem(codes::stopping, "The server is stopping: try again."));
  }
  if (exchange_ && exchange_->stream) exchange_->stream->shut_down();
}

void HttpSession::close() {
  state_ = State::closing;
  awaited_.reset();
  if (exchange_ && exchange_->stream) --front_.counts.streams;
  exchange_.reset();
  transport_.finish();
}

}  // namespace lockstep
