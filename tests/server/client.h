// SPDX-License-Identifier: Apache-2.0
// client.h: the plainest front: bytes over a socket, without a library.
//
// It blocks, with a time limit, so that a silent server fails a test instead of hanging it.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace lockstep::test {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  // `receive_bytes`: the system's buffer for a client that does not read; 0: the system's default.
  explicit Client(std::uint16_t port, int receive_bytes = 0);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes);
  // Up to and with `end`. The next read does not see these bytes. Throws if the time is over or the
  // connection is.
  std::string read_until(std::string_view end);
  std::string read_exactly(std::size_t count);
  // All until the other side closes.
  std::string read_to_end();
  // Sends nothing more; may still read.
  void half_close();

  // A body in chunks, to its end.
  std::string read_chunks();

  // One answer with a length, in chunks, or without a body.
  Reply read_reply(bool has_body = true);
  // The status line and headers only.
  Reply read_head();
  Reply request(std::string_view method, std::string_view target, std::string_view body = {},
                std::string_view headers = {});

  // A frame of a stream, as JSON text; nothing at the end of the stream.
  std::optional<std::string> read_event();

  // --- WebSocket
  Reply upgrade(std::string_view headers = {});
  void send_frame(unsigned first_byte, std::string_view payload);
  void send_text(std::string_view text) { send_frame(0x81, text); }
  struct Frame {
    unsigned opcode = 0;
    std::string payload;
  };
  Frame read_frame();

 private:
  bool read_more();

  int socket_ = -1;
  std::string in_;
};

// The text that an entry's events add to their messages.
[[nodiscard]] std::string text_added(const boost::json::object& entry);

[[nodiscard]] std::string request_text(std::string_view method, std::string_view target,
                                       std::string_view body, std::string_view headers);

}  // namespace lockstep::test
