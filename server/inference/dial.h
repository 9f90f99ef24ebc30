// SPDX-License-Identifier: Apache-2.0
// dial.h: connects to the first of a server's addresses that answers.
//
// A name may have several addresses, and one of them may swallow packets: an IPv6 address on a
// network without IPv6 is the everyday case. So no address gets all the time. The addresses start
// one after the other, the next one as soon as one has failed, or after a short wait; those that
// have started go on, and the first one that is connected counts (RFC 8305, "Happy Eyeballs", in
// short). The families alternate, for one of them may be down as a whole.
//
// Whoever dials watches the time and calls `close`. From this object comes only the share of it:
// the wait is short enough that the last address has its turn too.
//
// Lives on: the strand of its executor; `done` is called there, never from within `start`.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "server/base/timer.h"

namespace lockstep {

class Dial : public std::enable_shared_from_this<Dial> {
 public:
  using Address = boost::asio::ip::tcp::endpoint;
  // The error of the last address that failed; a connected socket if there is none.
  using Done = std::move_only_function<void(const boost::system::error_code& error,
                                            boost::asio::ip::tcp::socket socket)>;

  // `most`: the time for all addresses. Requires: at least one address.
  Dial(boost::asio::any_io_executor executor, std::vector<Address> addresses,
       std::chrono::milliseconds most);
  Dial(const Dial&) = delete;
  Dial& operator=(const Dial&) = delete;
  ~Dial() = default;

  void start(Done done);
  // Ends all attempts; `done` is not called any more.
  void close();

 private:
  void start_next();
  void tried(std::size_t index, const boost::system::error_code& error);

  boost::asio::any_io_executor executor_;
  std::vector<Address> addresses_;
  std::chrono::milliseconds wait_;  // until the next address starts
  std::vector<std::unique_ptr<boost::asio::ip::tcp::socket>> sockets_;  // by address; started ones
  std::size_t failed_ = 0;
  Timer next_;
  Done done_;
};

}  // namespace lockstep
