// SPDX-License-Identifier: Apache-2.0
#include "server/net/connection.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "engine/base/codes.h"
#include "server/base/limits.h"
#include "server/net/http_message.h"

namespace lockstep {
namespace asio = boost::asio;
using boost::system::error_code;

namespace {

// The largest capacity that the shared write buffer keeps: one long answer must not hold its size
// for ever.
constexpr std::size_t buffer_bytes_kept = 4 * limits::write_bytes_max;

bool not_now(const error_code& error) {
  return error == asio::error::would_block || error == asio::error::try_again ||
         error == asio::error::interrupted;
}

}  // namespace

// --- All of them ---------------------------------------------------------------------------------

Connections::Connections(ConnectionParts parts)
    : parts_(std::move(parts)), read_buffer_(limits::read_chunk_bytes) {}

Connections::~Connections() { close_all_now(); }

void Connections::start(asio::ip::tcp::socket socket) {
  error_code error;
  const auto remote = socket.remote_endpoint(error);
  if (error) return;
  std::string address = remote.address().to_string();
  socket.non_blocking(true, error);
  socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (open_.size() >= limits::connections_max || !parts_.rate.connected(address)) {
    ++parts_.counts.connections_refused;
    const Response response =
        response_of(make_problem(codes::too_many,
                                 "The server has no room for another connection from this address: "
                                 "close one, or try again later."));
    std::string out;
    append_head(out, response,
                {.keep_alive = false, .is_http_1_0 = false, .date = {}, .extra = {}});
    out += response.body;
    socket.write_some(asio::buffer(out), error);
    return;
  }
  ++parts_.counts.connections;
  ++parts_.counts.connections_total;
  auto connection = std::make_shared<Connection>(std::move(socket), std::move(address), *this);
  open_.insert(connection);
  connection->start();
}

void Connections::tick() {
  now_ += Tick(1);
  // A copy, here and below: a connection that closes leaves `open_`.
  const std::vector<std::shared_ptr<Connection>> all(open_.begin(), open_.end());
  for (const auto& connection : all) connection->tick(now_);
  parts_.rate.sweep(now_);
  parts_.tickets.sweep(now_);
  if (parts_.memory) parts_.memory->settle();
}

void Connections::tokens_changed() {
  parts_.tickets.revoke(parts_.auth);
  const std::vector<std::shared_ptr<Connection>> all(open_.begin(), open_.end());
  for (const auto& connection : all) connection->tokens_changed();
}

void Connections::shut_down() {
  const std::vector<std::shared_ptr<Connection>> all(open_.begin(), open_.end());
  for (const auto& connection : all) connection->shut_down();
}

void Connections::close_all_now() {
  const std::vector<std::shared_ptr<Connection>> all(open_.begin(), open_.end());
  for (const auto& connection : all) connection->close_now();
}

// --- One -----------------------------------------------------------------------------------------

Connection::Connection(asio::ip::tcp::socket socket, std::string address, Connections& all)
    : socket_(std::move(socket)),
      address_(std::move(address)),
      all_(all),
      protocol_(all.parts_.speak(*this)),
      held_(all.parts_.memory, MemoryKind::followers, limits::connection_bytes),
      rest_held_(all.parts_.memory, MemoryKind::answers) {}

void Connection::start() { wait_to_read(); }

void Connection::tick(Tick now) {
  if (closed_) return;
  if (writing_ && now - rest_since_ > limits::write_time_max) {
    ++all_.parts_.counts.slow_readers_closed;
    return close_now();
  }
  if (lingers_) {
    if (now - lingers_since_ > limits::close_time_max) close_now();
    return;
  }
  protocol_->tick(now);
}

void Connection::tokens_changed() {
  if (protocol_) protocol_->tokens_changed();
}

void Connection::shut_down() {
  if (protocol_) protocol_->shut_down();
}

void Connection::close_now() {
  if (closed_) return;
  closed_ = true;
  if (lingers_) --all_.lingering_;
  error_code ignored;
  socket_.close(ignored);
  protocol_.reset();
  std::string().swap(rest_);
  rest_held_.set(0);
  --all_.parts_.counts.connections;
  all_.parts_.rate.disconnected(address_);
  all_.open_.erase(shared_from_this());  // last: this may be the last reference
}

// --- In ------------------------------------------------------------------------------------------

void Connection::read(bool on) {
  reads_ = on;
  if (on) wait_to_read();
}

void Connection::wait_to_read() {
  if (waiting_ || closed_ || ended_ || !(reads_ || lingers_)) return;
  waiting_ = true;
  socket_.async_wait(asio::ip::tcp::socket::wait_read,
                     [self = shared_from_this()](const error_code& error) {
                       self->waiting_ = false;
                       if (!error) self->readable();
                     });
}

void Connection::readable() {
  if (closed_ || !(reads_ || lingers_)) return;
  error_code error;
  std::vector<char>& buffer = all_.read_buffer_;
  const std::size_t count = socket_.read_some(asio::buffer(buffer), error);
  if (error && !not_now(error)) {
    if (error != asio::error::eof || lingers_) return close_now();
    ended_ = true;
    watch_for_loss();
    protocol_->input_ended();
    return;
  }
  if (count > 0 && !lingers_) protocol_->received({buffer.data(), count});
  wait_to_read();
}

// The other side has closed its sending half. It may still read, or be gone; both look the same
// here. TCP keepalive asks its system now and then, which answers with a reset if it is gone.
void Connection::watch_for_loss() {
  const int seconds = limits::loss_look_seconds;
  const int socket = socket_.native_handle();
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  ::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
  error_code ignored;
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.async_wait(asio::ip::tcp::socket::wait_error,
                     [self = shared_from_this()](const error_code& error) {
                       if (!error) self->close_now();
                     });
}

// --- Out -----------------------------------------------------------------------------------------

void Connection::wake() {
  if (posted_ || closed_ || writing_ || lingers_) return;
  posted_ = true;
  asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->posted_ = false;
    self->pump();
  });
}

void Connection::finish() {
  finishing_ = true;
  wake();
}

void Connection::pump() {
  if (closed_ || writing_ || lingers_) return;
  std::string& out = all_.write_buffer_;
  out.clear();
  protocol_->fill(out);
  if (auto next = protocol_->successor()) protocol_ = std::move(next);
  if (out.empty()) {
    // `fill` may wake the connection itself (`posted_`): then there are more bytes to come.
    if (finishing_ && !posted_) linger();
    return;
  }
  send(out);
  // Only an empty `fill` shows that all bytes are out, and a protocol that has finished wakes the
  // connection no more: ask it once more. If the socket did not take all, `writable` does that.
  if (finishing_) wake();
}

void Connection::send(std::string& out) {
  error_code error;
  const std::size_t sent = socket_.write_some(asio::buffer(out), error);
  if (error && !not_now(error)) return close_now();
  all_.parts_.counts.bytes_sent += out.size();
  if (sent < out.size()) {
    if (!may_keep(out.size() - sent)) {
      ++all_.parts_.counts.slow_readers_closed;
      return close_now();
    }
    rest_.assign(out, sent);
    rest_at_ = rest_marked_ = 0;
    rest_since_ = all_.now_;
    writing_ = true;
    wait_to_write();
  }
  if (out.capacity() > buffer_bytes_kept) std::string().swap(out);
}

// May the connection keep so many unsent bytes? Without memory for them it closes: the reader comes
// back with its cursor and loses nothing.
bool Connection::may_keep(std::size_t bytes) {
  MemoryAccount* memory = all_.parts_.memory;
  if (memory != nullptr && !memory->admits(MemoryKind::answers, bytes)) return false;
  rest_held_.set(bytes);
  return true;
}

void Connection::wait_to_write() {
  socket_.async_wait(asio::ip::tcp::socket::wait_write,
                     [self = shared_from_this()](const error_code& error) {
                       if (!error) self->writable();
                     });
}

void Connection::writable() {
  if (closed_) return;
  error_code error;
  rest_at_ +=
      socket_.write_some(asio::buffer(rest_.data() + rest_at_, rest_.size() - rest_at_), error);
  if (error && !not_now(error)) return close_now();
  if (rest_at_ < rest_.size()) {
    // One answer may be longer than a write (`fill` may exceed its bound): a reader that takes it
    // steadily gets the time of one write for each `write_bytes_max`.
    if (rest_at_ - rest_marked_ >= limits::write_bytes_max) {
      rest_marked_ = rest_at_;
      rest_since_ = all_.now_;
    }
    return wait_to_write();
  }
  std::string().swap(rest_);
  rest_held_.set(0);
  writing_ = false;
  pump();
}

void Connection::linger() {
  protocol_.reset();
  lingers_ = true;
  ++all_.lingering_;
  lingers_since_ = all_.now_;
  error_code error;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, error);
  if (error || ended_) return close_now();
  wait_to_read();
}

}  // namespace lockstep
