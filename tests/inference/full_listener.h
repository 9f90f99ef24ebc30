// SPDX-License-Identifier: Apache-2.0
// full_listener.h: a port that swallows packets: the kernel does not answer a further connection.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <vector>

namespace lockstep {

class FullListener {
 public:
  FullListener();
  ~FullListener();
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] boost::asio::ip::tcp::endpoint address() const {
    return {boost::asio::ip::address_v4::loopback(), static_cast<unsigned short>(port_)};
  }

 private:
  int open();

  std::vector<int> sockets_;
  int port_ = 0;
};

}  // namespace lockstep
