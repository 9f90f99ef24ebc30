// SPDX-License-Identifier: Apache-2.0
#include "tests/server/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <stdexcept>
#include <utility>

namespace lockstep::test {
namespace {

constexpr int patience_s = 20;

std::runtime_error broken(const std::string& what, const std::string& had) {
  return std::runtime_error(what + "; what came: " + had.substr(0, 400));
}

}  // namespace

Client::Client(std::uint16_t port, int receive_bytes) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_bytes > 0) {
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("no connection");
  }
  const timeval patience{patience_s, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

Client::~Client() { ::close(socket_); }

void Client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;  // the server has closed: the test sees it when it reads
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool Client::read_more() {
  std::array<char, 65536> buffer{};
  const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
  if (count < 0) throw broken("nothing came in time, or the connection was reset", in_);
  in_.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string Client::read_until(std::string_view end) {
  std::size_t found = in_.find(end);
  while (found == std::string::npos) {
    if (!read_more()) throw broken("the connection ended", in_);
    found = in_.find(end);
  }
  std::string taken = in_.substr(0, found + end.size());
  in_.erase(0, taken.size());
  return taken;
}

std::string Client::read_exactly(std::size_t count) {
  while (in_.size() < count) {
    if (!read_more()) throw broken("the connection ended", in_);
  }
  std::string taken = in_.substr(0, count);
  in_.erase(0, count);
  return taken;
}

std::string Client::read_to_end() {
  while (read_more()) {
  }
  return std::exchange(in_, {});
}

void Client::half_close() { ::shutdown(socket_, SHUT_WR); }

Reply Client::read_head() {
  const std::string head = read_until("\r\n\r\n");
  Reply reply;
  reply.status = std::stoi(head.substr(head.find(' ') + 1));
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size() - 2) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(':', at);
    std::string name = head.substr(at, colon - at);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    reply.headers[name] = head.substr(colon + 2, end - colon - 2);
    at = end + 2;
  }
  return reply;
}

Reply Client::read_reply(bool has_body) {
  Reply reply = read_head();
  if (has_body && reply.headers.contains("transfer-encoding")) reply.body = read_chunks();
  const auto length = reply.headers.find("content-length");
  if (has_body && length != reply.headers.end()) {
    reply.body = read_exactly(std::stoul(length->second));
  }
  return reply;
}

std::string Client::read_chunks() {
  constexpr int hexadecimal = 16;
  std::string body;
  while (true) {
    const std::size_t bytes = std::stoul(read_until("\r\n"), nullptr, hexadecimal);
    body += read_exactly(bytes);
    read_until("\r\n");
    if (bytes == 0) return body;
  }
}

std::string text_added(const boost::json::object& entry) {
  std::string text;
  for (const auto& each : entry.at("events").as_array()) {
    const boost::json::object& event = each.as_object();
    if (event.at("type") == "content_appended") text += event.at("text").as_string();
    // The first text of a message opens its part.
    if (event.at("type") == "part_started") text += event.at("value").at("text").as_string();
  }
  return text;
}

std::string request_text(std::string_view method, std::string_view target, std::string_view body,
                         std::string_view headers) {
  std::string text = std::string(method) + " " + std::string(target) +
                     " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers);
  if (!body.empty()) {
    if (headers.find("Content-Type") == std::string_view::npos) {
      text += "Content-Type: application/json\r\n";
    }
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + std::string(body);
}

Reply Client::request(std::string_view method, std::string_view target, std::string_view body,
                      std::string_view headers) {
  send(request_text(method, target, body, headers));
  return read_reply(method != "HEAD");
}

std::optional<std::string> Client::read_event() {
  while (true) {
    while (in_.find("\n\n") == std::string::npos) {
      if (!read_more()) return std::nullopt;
    }
    const std::string event = read_until("\n\n");
    const std::size_t data = event.find("data: ");
    if (data == std::string::npos) continue;  // a comment
    return event.substr(data + 6, event.size() - data - 8);
  }
}

Reply Client::upgrade(std::string_view headers) {
  send(request_text("GET", "/v1/socket", {},
                    "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Version: 13\r\n"
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
                        std::string(headers)));
  return read_reply();
}

void Client::send_frame(unsigned first_byte, std::string_view payload) {
  std::string out(1, static_cast<char>(first_byte));
  if (payload.size() < 126) {
    out += static_cast<char>(0x80 | payload.size());
  } else if (payload.size() <= 0xffff) {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(payload.size() >> 8);
    out += static_cast<char>(payload.size() & 0xff);
  } else {
    out += static_cast<char>(0x80 | 127);
    for (int at = 7; at >= 0; --at) out += static_cast<char>(payload.size() >> (8 * at) & 0xff);
  }
  const std::string mask = "\x01\x02\x03\x04";
  out += mask;
  for (std::size_t at = 0; at < payload.size(); ++at) {
    out += static_cast<char>(payload[at] ^ mask[at % 4]);
  }
  send(out);
}

Client::Frame Client::read_frame() {
  const std::string head = read_exactly(2);
  std::size_t size = static_cast<unsigned char>(head[1]);
  if (size >= 126) {
    const std::string more = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
  }
  return {static_cast<unsigned>(head[0]) & 15U, read_exactly(size)};
}

}  // namespace lockstep::test
