// SPDX-License-Identifier: Apache-2.0
// model_server.h: a scripted model server.
//
// A blocking socket server on loopback. Its script has one function for each connection, which
// reads and writes as it likes. So it can behave like the worst real servers: hang, trickle, close
// in the middle.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lockstep {

// One connection, as the server sees it.
class ServerPeer {
 public:
  explicit ServerPeer(int socket) : socket_(socket) {}
  ServerPeer(const ServerPeer&) = delete;
  ServerPeer& operator=(const ServerPeer&) = delete;
  ~ServerPeer();

  // Head and body; empty if the client closed before they were there.
  std::string read_request();
  // The head of a request without a body, as CONNECT has none.
  std::string read_head();
  void send(std::string_view bytes);
  // The head of a stream, then events.
  void send_stream_head();
  void send_event(std::string_view data);
  void send_answer(std::string_view status, std::string_view headers, std::string_view body);
  // Waits until the client has closed, at most `limit`. False: it has not.
  bool await_close(std::chrono::milliseconds limit);
  [[nodiscard]] int socket() const { return socket_; }
  // Ends with a reset in place of an orderly close.
  void reset();

 private:
  int socket_;
};

class ModelServer {
 public:
  using Script = std::function<void(ServerPeer&)>;

  // Connection i is served by the i-th script; those beyond are closed at once.
  explicit ModelServer(std::vector<Script> scripts);
  ~ModelServer();
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  [[nodiscard]] std::string url(std::string_view scheme = "http") const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void serve(const std::vector<Script>& scripts);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::jthread thread_;
};

// A script that speaks TLS with a certificate for `localhost` that it has made and signed itself,
// and answers with a stream. The certificate is written to `pem_file`.
// With `client_file` the server demands the certificate in that file.
[[nodiscard]] ModelServer::Script tls_script(const std::string& pem_file, std::string answer,
                                             const std::string& client_file = {});

// A certificate and its key, in one PEM file or in two.
void write_certificate(const std::string& certificate_file, const std::string& key_file);

}  // namespace lockstep
