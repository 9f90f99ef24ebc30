// SPDX-License-Identifier: Apache-2.0
// model_generation.h: one model server at work, over any protocol of streamed answers.
//
// One run is one streamed request. Stopping it closes the connection at once; no header that would
// keep a generation alive behind a closed connection is sent. A try that fails before anything was
// shown (no connection, one that breaks before the answer, 408, 429, 5xx) is made again, some times
// (retry.h); once a step was written nothing is tried again, for the user has seen it. From the
// moment when the connection stands, the generation watches the time (answer_clock.h).
//
// What is special to a protocol is its `Wire`: the path, the headers, the key's header, the decoder
// of answers, and how errors are recognised.
//
// A run's error has one of the codes of http_client.h, of upstream_error.h (from what the server
// says), or of the decoder, or: missing_key, upstream_malformed, upstream_too_large. No error, log
// line or settings hold the key: texts of the server pass through the redactor (redactor.h).
//
// Lives on: the engine strand.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/rules/producer.h"
#include "server/inference/answer_decoder.h"
#include "server/inference/http_client.h"
#include "server/inference/limits.h"
#include "server/inference/openai_codec.h"
#include "server/inference/reach.h"
#include "server/inference/sse_parser.h"

namespace lockstep {

// Where the server is, and how long it may be silent.
struct ServedReach : Reach {
  std::chrono::milliseconds connect_timeout = limits::connect_timeout;
  std::chrono::milliseconds first_token_timeout = limits::first_token_timeout;
  std::chrono::milliseconds token_timeout = limits::token_timeout;
  std::chrono::milliseconds keepalive_timeout = limits::keepalive_timeout;
  std::chrono::milliseconds retry_first = limits::retry_first;
};

struct Wire {
  std::string path;        // of the request, behind that of `base_url`
  Headers headers{};       // further ones
  std::string key_header;  // of the key, as it is; empty: `Authorization: Bearer KEY`
  // Makes a decoder for each try.
  std::function<std::unique_ptr<AnswerDecoder>(const Redactor&)> decoder;
  // The error of a refusal: its code, and the provider's own sentence, without secrets.
  std::function<RunError(unsigned status, std::string_view body, const Redactor&)> refusal =
      refusal_of;
  // Is this event of the stream an error by its type?
  std::function<bool(const ServerSentEvent&)> is_error = [](const ServerSentEvent& event) {
    return event.type == "error";
  };
};

struct ModelQuestion {
  Wire wire;
  std::string body;
  std::optional<RunError> refusal;    // it is not to be sent
  std::optional<DataPart> summary{};  // the answer is a summary, and begins with this part
};

// They outlive the generation.
struct ModelMeans {
  const ServedReach& server;
  HttpClient& client;
  Random& random;
  Clock& clock;
  const boost::asio::any_io_executor& executor;
};

[[nodiscard]] std::unique_ptr<Generation> start_generation(const ModelMeans& means,
                                                           ModelQuestion question,
                                                           StepWriter& writer);

}  // namespace lockstep
