// SPDX-License-Identifier: Apache-2.0
// front_fixture.h: a server with a real engine, a log in memory, and a thread of its own.
//
// Tests speak to it over loopback, as fronts do. Agents: `default` and any other name are of kind
// push; `echo` writes one message and ends; a run of `here` is open until it is ended, and nobody
// outside may write it; `nobody` is none.
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
  // What the server counts, as of now.
  [[nodiscard]] FrontCounts counts() const;
  // What is held in memory now, and how much may be.
  [[nodiscard]] std::size_t held(MemoryKind kind) const;
  void set_memory(std::size_t bytes_max);
  // These tokens count from now on; no connection is told yet.
  void set_tokens(Auth auth);
  // The same, and connections are told.
  void change_tokens(Auth auth);
  // What is done beside the strand waits, from now until `let_background_go`. Held a second time,
  // it goes on from the first hold to the second.
  void hold_background();
  void let_background_go();
  // The server goes, and every connection with it.
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
