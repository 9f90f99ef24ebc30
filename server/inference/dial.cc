// SPDX-License-Identifier: Apache-2.0
#include "server/inference/dial.h"

#include <algorithm>
#include <utility>

#include "engine/base/must.h"
#include "server/inference/limits.h"

namespace lockstep {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// The families in turns, from that of the first address on; within a family the order stays.
std::vector<Dial::Address> in_turns(const std::vector<Dial::Address>& given) {
  std::vector<Dial::Address> first;
  std::vector<Dial::Address> second;
  for (const Dial::Address& each : given) {
    (each.protocol() == given.front().protocol() ? first : second).push_back(each);
  }
  std::vector<Dial::Address> turns;
  for (std::size_t n = 0; n < std::max(first.size(), second.size()); ++n) {
    if (n < first.size()) turns.push_back(first[n]);
    if (n < second.size()) turns.push_back(second[n]);
  }
  if (turns.size() > limits::dial_addresses_max) turns.resize(limits::dial_addresses_max);
  return turns;
}

}  // namespace

Dial::Dial(asio::any_io_executor executor, std::vector<Address> addresses,
           std::chrono::milliseconds most)
    : executor_(std::move(executor)),
      addresses_(in_turns(addresses)),
      wait_(std::min(limits::next_address_after, most / static_cast<int>(addresses_.size() + 1))),
      next_(executor_) {
  MUST(!addresses_.empty());
}

void Dial::start(Done done) {
  done_ = std::move(done);
  start_next();
}

void Dial::close() {
  done_ = nullptr;
  next_.cancel();
  error_code ignored;
  for (const auto& socket : sockets_) socket->close(ignored);
}

void Dial::start_next() {
  const std::size_t index = sockets_.size();
  if (index == addresses_.size()) return;
  sockets_.push_back(std::make_unique<tcp::socket>(executor_));
  sockets_.back()->async_connect(
      addresses_[index],
      [self = shared_from_this(), index](const error_code& error) { self->tried(index, error); });
  if (index + 1 < addresses_.size()) next_.after(wait_, [this] { start_next(); });
}

void Dial::tried(std::size_t index, const error_code& error) {
  if (!done_) return;
  if (error && ++failed_ < addresses_.size()) return start_next();
  Done done = std::exchange(done_, nullptr);
  tcp::socket socket = std::move(*sockets_[index]);
  close();
  done(error, std::move(socket));
}

}  // namespace lockstep
