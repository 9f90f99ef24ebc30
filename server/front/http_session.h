// SPDX-License-Identifier: Apache-2.0
// http_session.h: the requests of one connection, until it becomes a stream or a socket, or closes.
//
//   idle ──byte──> reading ──whole──> answering ──> idle          HTTP/1.1: the next request
//                     │                   ├──> streaming ──> closing   SSE, NDJSON, to their end
//                     │                   ├──> upgrading ──> closing   a WsSession takes over
//                     │                   └──> closing                 without keep-alive
//                     └──refused──> closing
//
// What follows a request is kept, up to a limit, until that one is answered. While an answer is
// waited for, the reading side is watched: a client that goes away takes what it waited for with
// it, and nothing else. A run is never stopped by that.
//
// Lives on: the engine strand.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "engine/base/alive.h"
#include "engine/base/memory.h"
#include "server/front/front.h"
#include "server/front/router.h"
#include "server/net/connection.h"
#include "server/net/http_message.h"
#include "server/net/http_parser.h"
#include "server/net/transport.h"

namespace lockstep {

// Of a server on whose connections this front is spoken to over HTTP.
[[nodiscard]] ConnectionParts connection_parts(Front& front);

class HttpSession : public Protocol, private StreamOwner {
 public:
  HttpSession(Wire& wire, Front& front);
  ~HttpSession() override;
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;

  void received(std::string_view bytes) override;
  void input_ended() override;
  void fill(std::string& out) override;
  void tick(Tick now) override;
  void tokens_changed() override;
  void shut_down() override;
  [[nodiscard]] std::unique_ptr<Protocol> successor() override;

 private:
  enum class State : std::uint8_t { idle, reading, answering, streaming, upgrading, closing };

  // What is known of the request that is read or answered.
  struct Exchange {
    Exchange();
    HttpParser parser;
    std::optional<Admission> admission;
    std::optional<Caller> caller;  // whose request it is, where that counts
    Counted of_address;            // behind a proxy: its client's
    Counted of_user;
    UserBytes bytes;  // of the body
    HeadOptions head;
    bool is_head = false;  // the method HEAD: no body is sent
    std::unique_ptr<Stream> stream;
    Form form = Form::json;
    Charge held;             // the stream's
    bool in_chunks = false;  // a JSON answer that was too long for one write has begun
  };

  void woken(Stream& stream) override;

  void read_requests();
  bool read_some();  // true: a request was answered at once, the next can be read
  void head_came();
  void dispatch();
  void refuse(const Problem& problem);
  [[nodiscard]] bool is_revoked() const;
  void answered(Answer answer);
  void answer_with(Response response);
  void answer_with(StreamAnswer answer);
  void answer_with(UpgradeAnswer answer);
  void fill_lasting(std::string& out);
  void fill_stream(std::string& out);
  void fill_json(std::string& out);
  bool begin_chunks(std::string& out);
  void end_exchange(bool keep_alive);
  bool closed_at_end();
  void close();
  void throttle();
  // Charges what has come and was not answered yet; false: there is no memory for it.
  bool hold();
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] HeadOptions head_options(bool keep_alive) const;

  Wire& wire_;
  Front& front_;
  State state_ = State::idle;
  bool input_ended_ = false;
  bool stopping_ = false;
  Tick since_;   // of the state; of the last byte sent on a stream
  Charge held_;  // what has come
  std::string in_;
  std::string out_;
  std::string_view lasting_;  // what is still to be sent of a body that lives for ever; after out_
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<UpgradeAnswer> upgrade_;
  std::optional<Alive> awaited_;  // the answer, which is moot once the client has gone
};

}  // namespace lockstep
