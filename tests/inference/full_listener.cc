// SPDX-License-Identifier: Apache-2.0
#include "tests/inference/full_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/must.h"

namespace lockstep {

FullListener::FullListener() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* plain = reinterpret_cast<sockaddr*>(&address);
  const int listener = open();
  MUST(::bind(listener, plain, size) == 0 && ::listen(listener, 0) == 0);
  MUST(::getsockname(listener, plain, &size) == 0);
  port_ = ntohs(address.sin_port);
  for (int i = 0; i < 4; ++i) ::connect(open(), plain, size);
}

FullListener::~FullListener() {
  for (const int socket : sockets_) ::close(socket);
}

int FullListener::open() {
  return sockets_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
}

}  // namespace lockstep
