// SPDX-License-Identifier: Apache-2.0
// front_fixture.h: a server with a real engine, a log in memory, and its own thread.
//
// Tests talk to it over loopback, like fronts. Agents: `default` and any other name are of kind
// push; `echo` writes one message and ends; a run of `here` is open until it is ended, and no back
// end may write it; `nobody` does not exist.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/server.h"

namespace lockstep::test {

// `ada` comes with the token `alice`, `bob` with the token `bob`.
[[nodiscard]] Auth two_users();

class FrontFixture {
 public:
  explicit FrontFixture(ServerRules rules = {}, Auth auth = {}, Page page = embedded_page());
  ~FrontFixture();
  FrontFixture(const FrontFixture&) = delete;
  FrontFixture& operator=(const FrontFixture&) = delete;

  // Why the server did not open; empty if it did.
  [[nodiscard]] const std::string& refusal() const;
  [[nodiscard]] std::uint16_t port() const;
  // The server's current counts.
  [[nodiscard]] FrontCounts counts() const;
  // The memory that is held now, and its bound.
  [[nodiscard]] std::size_t held(MemoryKind kind) const;
  void set_memory(std::size_t bytes_max);
  // These tokens are valid from now on; open connections stay.
  void set_tokens(Auth auth);
  // The same; connections end streams of revoked tokens.
  void change_tokens(Auth auth);
  // Work on the background thread waits, from now until `let_background_go`. Held a second time,
  // it goes on from the first hold to the second.
  void hold_background();
  void let_background_go();
  // Destroys the server, with every connection.
  void cut_all();
  // Lets so many seconds pass, for the server.
  void pass(int seconds);
  // Starts to stop; `wait_for_stop` returns when the server is done.
  void stop();
  void wait_for_stop();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace lockstep::test
