// SPDX-License-Identifier: Apache-2.0
// http_bodies.cc: the bodies of an HTTP session that come and go in pieces.
#include <algorithm>
#include <utility>

#include "engine/base/must.h"
#include "server/base/limits.h"
#include "server/front/http_session.h"

namespace lockstep {

// --- In ------------------------------------------------------------------------------------------

std::size_t HttpSession::body_bytes() const {
  const bool reads = state_ == State::reading && exchange_;
  if (!reads) return 0;
  return exchange_->parser.body_bytes() + (exchange_->sink ? exchange_->sink->held() : 0);
}

bool HttpSession::pour() {
  if (exchange_->sink && exchange_->parser.body_bytes() > 0) {
    exchange_->sink->take(exchange_->parser.take_some_body());
  }
  return state_ == State::reading;
}

// The sink may answer at once, which ends the exchange.
void HttpSession::begin_sink(const Route& route, Call call) {
  awaited_.emplace();
  auto sink = route.receiver(
      front_, std::move(call),
      awaited_->guard([this](Answer answer) { answered(std::move(answer)); }), [this] {
        exchange_->bytes.set(body_bytes());
        hold();
        throttle();
      });
  if (state_ == State::reading) exchange_->sink = std::move(sink);
}

// --- Out -----------------------------------------------------------------------------------------

void HttpSession::answer_with(BodyAnswer answer) {
  MUST(answer.head.length.has_value());
  exchange_->head.keep_alive = keeps_alive();
  append_head(out_, answer.head, head_options(exchange_->head.keep_alive));
  if (exchange_->is_head) return end_exchange(exchange_->head.keep_alive);
  exchange_->left = answer.head.length;
  exchange_->stream = std::move(answer.body);
  exchange_->held = Charge(front_.memory, MemoryKind::followers, limits::stream_bytes);
  ++front_.counts.streams;
  exchange_->stream->attach(*this);
  since_ = transport_.now();
  transport_.wake();
}

void HttpSession::fill_lasting(std::string& out) {
  const std::size_t size = std::min(lasting_.size(), limits::lasting_chunk_bytes);
  out += lasting_.substr(0, size);
  lasting_.remove_prefix(size);
  since_ = transport_.now();
  transport_.wake();  // for the rest, or for the next request's answer
}

// A body that ends too early closes the connection, so that its reader does not take it for whole.
void HttpSession::fill_body(std::string& out) {
  const std::size_t before = out.size();
  const Stream::Filled filled = exchange_->stream->fill(out, limits::write_bytes_max);
  const std::size_t size = out.size() - before;
  MUST(size <= *exchange_->left);
  *exchange_->left -= size;
  if (size > 0) since_ = transport_.now();
  if (filled == Stream::Filled::more) return transport_.wake();
  if (filled == Stream::Filled::waiting) return;
  end_exchange(*exchange_->left == 0 && exchange_->head.keep_alive);
}

void HttpSession::fill_stream(std::string& out) {
  if (exchange_->left) return fill_body(out);
  if (exchange_->form == Form::json) return fill_json(out);
  const std::size_t before = out.size();
  const Stream::Filled filled = exchange_->stream->fill(out, limits::write_bytes_max);
  if (out.size() > before) since_ = transport_.now();
  if (filled == Stream::Filled::more) transport_.wake();
  if (filled == Stream::Filled::finished) end_exchange(false);
}

// An answer that fits one write has a length; a longer one comes in chunks, made one at a time.
void HttpSession::fill_json(std::string& out) {
  std::string piece;
  const Stream::Filled filled = exchange_->stream->fill(piece, limits::write_bytes_max);
  if (filled == Stream::Filled::waiting) return;
  since_ = transport_.now();
  const bool finished = filled == Stream::Filled::finished;
  if (!exchange_->in_chunks) {
    if (finished) return answer_with(json_response(std::move(piece)));
    if (begin_chunks(out)) return end_exchange(exchange_->head.keep_alive);
  }
  if (exchange_->head.is_http_1_0) {
    out += piece;
  } else {
    append_chunk(out, piece);
    if (finished) append_last_chunk(out);
  }
  if (finished) return end_exchange(exchange_->head.keep_alive);
  transport_.wake();
}

bool HttpSession::begin_chunks(std::string& out) {
  exchange_->in_chunks = true;
  HeadOptions& head = exchange_->head;
  head.keep_alive = keeps_alive() && !head.is_http_1_0;
  append_chunked_head(out, head_options(head.keep_alive));
  return exchange_->is_head;
}

}  // namespace lockstep
