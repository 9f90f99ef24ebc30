// SPDX-License-Identifier: Apache-2.0
// The agent against a scripted server on loopback that behaves like the worst real servers.
#include "server/inference/openai_agent.h"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

#include "tests/inference/openai_stage.h"

namespace lockstep {
namespace {

using namespace std::chrono_literals;

TEST(OpenAiAgent, SendsTheComposedBodyWithTheKeyAndNoConversationId) {
  std::promise<std::string> request;
  Stage stage({[&request](ServerPeer& peer) {
    request.set_value(peer.read_request());
    peer.send_stream_head();
    peer.send_event(stop);
    peer.send_event(done);
  }});
  stage.options.key = "secret";
  stage.options.system = "Be brief.";
  stage.params = Json{R"({"temperature":0.5})"};

  stage.run();

  const std::string seen = request.get_future().get();
  EXPECT_TRUE(seen.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"));
  EXPECT_NE(seen.find("\r\nAuthorization: Bearer secret\r\n"), std::string::npos);
  EXPECT_EQ(seen.find("X-Conversation-Id"), std::string::npos);
  EXPECT_TRUE(seen.ends_with(
      "\r\n\r\n"
      R"({"model":"m","messages":[{"role":"system","content":"Be brief."},{"role":"user",)"
      R"("content":"Hi"}],)"
      R"("stream":true,"stream_options":{"include_usage":true},"temperature":0.5})"));
  EXPECT_EQ(stage.agent->settings(stage.params).bytes.find("secret"), std::string::npos);
}

TEST(OpenAiAgent, WritesTheTextThatTheServerStreams) {
  Stage stage({answer_hello});

  const Written& written = stage.run();

  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(OpenAiAgent, TakesKeepAliveCommentsAndChunkedBodies) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string body =
        ": PROCESSING\n\n: PROCESSING\n\ndata: " + content("Hi") + "\n\ndata: " + stop + "\n\n";
    for (const char byte : body) peer.send(std::string("1\r\n") + byte + "\r\n");
    peer.send("0\r\n\r\n");
  }});

  const Written& written = stage.run();

  EXPECT_EQ(written.text(), "Hi");
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(OpenAiAgent, JoinsCharactersThatTrickleInByteByByte) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    const std::string body =
        "data: " + content("\xF0\x9F\x8E\xB5\xE2\x82\xAC") + "\r\n\r\ndata: " + stop + "\r\n\r\n";
    for (const char byte : body) {
      peer.send(std::string(1, byte));
      peer.await_close(1ms);  // so that each byte comes alone
    }
  }});

  EXPECT_EQ(stage.run().text(), "\xF0\x9F\x8E\xB5\xE2\x82\xAC");
}

TEST(OpenAiAgent, AnErrorInMidStreamFailsTheRunAndIsNotTriedAgain) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_stream_head();
                 peer.send_event(content("Hel"));
                 peer.send_event(R"({"error":{"message":"overloaded"}})");
               },
               answer_hello});

  const Written& written = stage.run();

  EXPECT_EQ(written.text(), "Hel");
  EXPECT_EQ(written.end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_error");
  EXPECT_EQ(stage.detail(), "overloaded");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(OpenAiAgent, ACutStreamIsInterruptedAndKeepsTheReceivedText) {
  for (const bool rude : {false, true}) {
    Stage stage({[rude](ServerPeer& peer) {
                   peer.read_request();
                   peer.send_stream_head();
                   peer.send_event(content("Hel"));
                   peer.send("data: {\"choices\":[{\"del");
                   if (rude) peer.await_close(50ms);  // the agent reads the sent bytes first
                   if (rude) peer.reset();
                 },
                 answer_hello});

    const Written& written = stage.run();

    EXPECT_EQ(written.text(), "Hel");
    EXPECT_EQ(written.end->status, RunStatus::interrupted);
    EXPECT_EQ(stage.error(), "upstream_interrupted");
    EXPECT_FALSE(written.messages[0].ended);
    EXPECT_EQ(stage.server.connections(), 1);
  }
}

TEST(OpenAiAgent, AChunkedBodyThatIsCutIsInterrupted) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.send("5\r\n: hi\n\r\n");
  }});

  EXPECT_EQ(stage.run().end->status, RunStatus::interrupted);
}

// --- Trying again --------------------------------------------------------------------------------

TEST(OpenAiAgent, TriesAgainAfterRefusalsThatPassByThemselves) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("429 Too Many Requests", "Retry-After: 0.01\r\n",
                                  R"({"error":{"message":"slow"}})");
               },
               [](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("503 Service Unavailable", "", "later");
               },
               answer_hello});

  EXPECT_EQ(stage.run().text(), "Hello");
  EXPECT_EQ(stage.server.connections(), 3);
}

TEST(OpenAiAgent, WaitsAsLongAsRetryAfterAsks) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("429 Too Many Requests", "Retry-After: 0.2\r\n", "");
               },
               answer_hello});
  const auto begin = std::chrono::steady_clock::now();

  EXPECT_EQ(stage.run().text(), "Hello");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 200ms);
}

TEST(OpenAiAgent, TellsTheUserInPlaceOfALongWait) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("429 Too Many Requests", "Retry-After: 3600\r\n",
                                  R"({"error":{"message":"no quota"}})");
               },
               answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_rate_limited");
  EXPECT_EQ(stage.detail(), "The model server answered 429: no quota");
}

TEST(OpenAiAgent, ReadsTheDateOfRetryAfter) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("503 Service Unavailable",
                                  "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                                  "Retry-After: Sun, 06 Nov 1994 08:54:37 GMT\r\n",
                                  R"({"error":{"message":"maintenance"}})");
               },
               answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.detail(), "The model server answered 503: maintenance");
  EXPECT_EQ(stage.server.connections(), 1) << "five minutes are too long for a person";
}

TEST(OpenAiAgent, AnAccountWithoutCreditIsNotAskedAgain) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer(
                     "429 Too Many Requests", "Retry-After: 0.01\r\n",
                     R"({"error":{"message":"no credit","code":"insufficient_quota"}})");
               },
               answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.detail(), "The model server answered 429: no credit");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(OpenAiAgent, AConnectionThatBreaksBeforeTheAnswerIsTriedAgain) {
  for (const bool rude : {false, true}) {
    Stage stage({[rude](ServerPeer& peer) {
                   peer.read_request();
                   if (rude) peer.reset();
                 },
                 answer_hello});

    EXPECT_EQ(stage.run().text(), "Hello");
    EXPECT_EQ(stage.server.connections(), 2);
  }
}

TEST(OpenAiAgent, AServerThatNeverAnswersBeforeItClosesIsNamedAfterSomeTries) {
  const auto close = [](ServerPeer& peer) { peer.read_request(); };
  Stage stage({close, close, close, close, answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::interrupted);
  EXPECT_EQ(stage.error(), "upstream_interrupted");
  EXPECT_EQ(stage.server.connections(), static_cast<int>(limits::tries_max));
}

TEST(OpenAiAgent, GivesUpAfterSomeTries) {
  const auto refuse = [](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("500 Internal Server Error", "", R"({"error":{"message":"broken"}})");
  };
  Stage stage({refuse, refuse, refuse, refuse, answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_failed");
  EXPECT_EQ(stage.server.connections(), static_cast<int>(limits::tries_max));
}

TEST(OpenAiAgent, DoesNotTryAgainAfterAnErrorThatCannotPassByItself) {
  const std::pair<std::string, std::string> refusals[] = {
      {"400 Bad Request", "upstream_rejected"},
      {"401 Unauthorized", "upstream_unauthorized"},
      {"402 Payment Required", "no_credit"},
      {"403 Forbidden", "upstream_unauthorized"},
      {"404 Not Found", "upstream_rejected"}};
  for (const auto& [status, code] : refusals) {
    Stage stage({[&status](ServerPeer& peer) {
                   peer.read_request();
                   peer.send_answer(status, "", R"({"error":{"message":"no"}})");
                 },
                 answer_hello});

    EXPECT_EQ(stage.run().end->status, RunStatus::failed);
    EXPECT_EQ(stage.error(), code);
    EXPECT_EQ(stage.server.connections(), 1);
  }
}

TEST(OpenAiAgent, DoesNotTryAgainIfTheAccountIsEmpty) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("429 Too Many Requests", "Retry-After: 0.01\r\n",
                                  R"({"error":{"message":"no","code":"insufficient_quota"}})");
               },
               answer_hello});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "no_credit");
  EXPECT_EQ(stage.detail(), "The model server answered 429: no");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(OpenAiAgent, NothingThatListensIsTriedAgainThenNamed) {
  Stage stage({});
  {
    ModelServer gone({});
    stage.options.endpoint = *parse_endpoint(gone.url());
  }

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_unreachable");
  EXPECT_NE(stage.detail().find("refused"), std::string::npos) << stage.detail();
}

// --- Answers that are no streams -----------------------------------------------------------------

TEST(OpenAiAgent, APlainJsonErrorWithStatus200FailsTheRun) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", "Content-Type: application/json\r\n",
                     R"({"error":{"message":"no credit"}})");
  }});

  EXPECT_EQ(stage.run().end->status, RunStatus::failed);
  EXPECT_EQ(stage.error(), "upstream_error");
  EXPECT_EQ(stage.detail(), "no credit");
}

TEST(OpenAiAgent, AWholeAnswerInJsonIsTaken) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", "Content-Type: application/json\r\n",
                     R"({"choices":[{"message":{"content":"Hello"},"finish_reason":"stop"}]})");
  }});

  EXPECT_EQ(stage.run().text(), "Hello");
}

// The answer with status 200, this head and this body.
ModelServer::Script answers(const std::string& headers, const std::string& body) {
  return [headers, body](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", headers, body);
  };
}

std::string events(const std::vector<std::string>& data) {
  std::string body;
  for (const std::string& each : data) body += "data: " + each + "\n\n";
  return body;
}

TEST(OpenAiAgent, AStreamUnderTheTypeOfJsonIsReadAsAStream) {
  for (const bool piecewise : {false, true}) {
    Stage stage({[piecewise](ServerPeer& peer) {
      peer.read_request();
      peer.send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
      const std::string body = events({content("Hel"), content("lo"), stop, done});
      if (!piecewise) return peer.send(body);
      for (const char byte : body) {
        peer.send(std::string(1, byte));
        peer.await_close(1ms);
      }
    }});

    EXPECT_EQ(stage.run().text(), "Hello");
    EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed);
  }
}

TEST(OpenAiAgent, AWholeAnswerIsTakenUnderAnyType) {
  const std::string body =
      "\n{\n\"choices\":[\n{\"message\":{\"content\":\"Hello\"},\"finish_reason\":\"stop\"}]}";
  for (const std::string type : {"Application/JSON", "text/event-stream", "text/plain"}) {
    Stage stage({answers("Content-Type: " + type + "\r\n", body)});

    EXPECT_EQ(stage.run().text(), "Hello") << type;
    EXPECT_EQ(stage.writer.written.end->status, RunStatus::completed) << type;
  }
}

TEST(OpenAiAgent, AWholeAnswerThatIsCutIsInterrupted) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        R"({"choices":[{"mess)");
  }});

  EXPECT_EQ(stage.run().end->status, RunStatus::interrupted);
  EXPECT_EQ(stage.error(), "upstream_interrupted");
}

TEST(OpenAiAgent, ACompressedAnswerThatWasNotAskedForIsNamed) {
  Stage stage({answers("Content-Type: text/event-stream\r\nContent-Encoding: gzip\r\n",
                       "\x1F\x8B\x08 noise")});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_malformed");
  EXPECT_NE(stage.detail().find("`Content-Encoding: gzip`"), std::string::npos) << stage.detail();
}

TEST(OpenAiAgent, ACompressedRefusalPrintsNoNoise) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("401 Unauthorized", "Content-Encoding: br\r\n", "\x1F\x8B\x08 noise");
  }});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_unauthorized");
  EXPECT_EQ(stage.detail().find("noise"), std::string::npos) << stage.detail();
  EXPECT_NE(stage.detail().find("`Content-Encoding: br`"), std::string::npos) << stage.detail();
}

TEST(OpenAiAgent, AnErrorOfAnyFormInAStreamIsToldWithItsSentence) {
  const std::string sentence = "the request exceeds the available context size";
  const std::string bodies[] = {
      "error: {\"code\":400,\"message\":\"" + sentence + "\"}\n\n" + events({done}),
      "error: " + sentence + "\n\n",
      "{\"error\":{\"message\":\"" + sentence + "\"}}\n",
      "{\n  \"error\": {\n    \"message\": \"" + sentence + "\"\n  }\n}\n",
      "[{\"error\":{\"code\":400,\"message\":\"" + sentence + "\"}}]",
      "event: error\n" + events({"{\"message\":\"" + sentence + "\",\"code\":400}"}),
      "event: error\ndata: " + sentence,
      events({"{\"object\":\"error\",\"message\":\"" + sentence + "\"}", done}),
      events({"{\"detail\":\"" + sentence + "\"}"}),
  };
  for (const std::string& begin : {std::string(), events({content("Hel")})}) {
    for (const std::string& body : bodies) {
      if (!begin.empty() && (body.starts_with("{\n") || body.starts_with("["))) continue;
      Stage stage({answers("Content-Type: text/event-stream\r\n", begin + body)});

      EXPECT_EQ(stage.run().end->status, RunStatus::failed) << body;
      EXPECT_EQ(stage.error(), "context_too_long") << body;
      EXPECT_EQ(stage.detail(), sentence) << body;
    }
  }
}

TEST(OpenAiAgent, AStreamOfAnotherProtocolIsNamed) {
  const std::string line = R"({"message":{"role":"assistant","content":"Hi"},"done":false})";
  Stage stage({answers("Content-Type: application/x-ndjson\r\n", line + "\n" + line + "\n")});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_malformed");
  EXPECT_NE(stage.detail().find("Ollama"), std::string::npos) << stage.detail();
}

TEST(OpenAiAgent, TheRunNamesTheModelThatAnsweredInPlaceOfTheOneThatWasAsked) {
  const std::string said =
      R"({"model":"other","choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]})";
  Stage stage({answers("Content-Type: text/event-stream\r\n", events({said, done}))});

  const Written& written = stage.run();

  EXPECT_EQ(written.end->finish, (Finish{"stop", "other"}));
}

TEST(OpenAiAgent, AnHtmlPageIsNamed) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("200 OK", "Content-Type: text/html\r\n", "<html>Welcome</html>");
  }});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_malformed");
}

TEST(OpenAiAgent, RedirectsAreRefused) {
  Stage stage({[](ServerPeer& peer) {
                 peer.read_request();
                 peer.send_answer("307 Temporary Redirect", "Location: http://127.0.0.1:1/\r\n",
                                  "");
               },
               answer_hello});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_redirected");
  EXPECT_EQ(
      stage.detail(),
      "The model server answered 307, a redirect to http://127.0.0.1:1/, which the agent does "
      "not follow: correct `base_url`.");
  EXPECT_EQ(stage.server.connections(), 1);
}

TEST(OpenAiAgent, ARedirectIsToldWithoutSecretsAndInPart) {
  for (const std::string& location :
       {std::string("https://x.test/?key=sk-live-0123456789abcdef"),
        std::string("https://sk-live-0123456789abcdef@x.test/"),
        "https://x.test/sk-live-0123456789abcdef/" + std::string(1 << 15, 'y')}) {
    Stage stage({[&location](ServerPeer& peer) {
      peer.read_request();
      peer.send_answer("302 Found", "Location: " + location + "\r\n", "");
    }});
    stage.options.key = "sk-live-0123456789abcdef";
    stage.options.redactor = Redactor({*stage.options.key});

    stage.run();

    EXPECT_EQ(stage.detail().find("0123"), std::string::npos) << stage.detail();
    EXPECT_NE(stage.detail().find(" to https://"), std::string::npos) << stage.detail();
    EXPECT_LT(stage.detail().size(), 500u);
  }
}

// --- A server that quotes the key ----------------------------------------------------------------

constexpr const char* key = "sk-live-0123456789abcdef";

// The error that ends the run must not hold the key in any form in which a server may quote it.
void quotes_no_key(const std::string& name, const ModelServer::Script& script) {
  Stage stage({script});
  stage.options.key = key;
  stage.options.redactor = Redactor({key});

  const EndRun& end = *stage.run().end;

  const std::string said = end.error->detail + (end.usage ? end.usage->text : "");
  EXPECT_NE(said.find("[secret]"), std::string::npos) << name << ": " << said;
  EXPECT_EQ(said.find("0123"), std::string::npos) << name << ": " << said;
}

TEST(OpenAiAgent, TheKeyIsInNoErrorThoughTheServerQuotesIt) {
  const std::string quote = "Incorrect key: Bearer sk-live-0123456789abcdef.";
  const auto answer = [](std::string status, std::string type, std::string body) {
    return [status, type, body](ServerPeer& peer) {
      peer.read_request();
      peer.send_answer(status, "Content-Type: " + type + "\r\n", body);
    };
  };
  const std::string as_error = R"({"error":{"message":")" + quote + R"("}})";
  quotes_no_key("a refusal", answer("401 Unauthorized", "application/json", as_error));
  quotes_no_key("a refusal in no form", answer("401 Unauthorized", "text/plain", quote));
  quotes_no_key("an error without a message",
                answer("400 Bad Request", "application/json",
                       R"({"error":{"headers":{"Authorization":")" + quote + R"("}}})"));
  quotes_no_key("an error in place of a stream", answer("200 OK", "application/json", as_error));
  quotes_no_key("a page", answer("200 OK", "text/html", "<p>" + quote));
  quotes_no_key("an error in the stream",
                answer("200 OK", "text/event-stream", "data: " + as_error + "\n\n"));
  quotes_no_key("what is no chunk",
                answer("200 OK", "text/event-stream", "data: " + quote + "\n\n"));
  const std::string finish =
      R"({"choices":[{"delta":{},"finish_reason":"error"}],"usage":{"for":")" + quote + R"("}})";
  quotes_no_key("usage", answer("200 OK", "text/event-stream", "data: " + finish + "\n\n"));
}

TEST(OpenAiAgent, TheKeyIsInNoErrorThoughItComesInPieces) {
  quotes_no_key("in two pieces", [](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 40\r\n\r\nbad key: sk-live-0123");
    peer.await_close(20ms);
    peer.send("456789abcdef, sorry");
  });
  quotes_no_key("and never whole", [](ServerPeer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 40\r\n\r\nbad key: sk-live-0123");
  });
}

TEST(OpenAiAgent, TheTextOfTheModelIsNotRedacted) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_stream_head();
    peer.send_event(content("sk-live-0123456789abcdef"));
    peer.send_event(stop);
    peer.send_event(done);
  }});
  stage.options.key = key;
  stage.options.redactor = Redactor({key});

  EXPECT_EQ(stage.run().text(), key);
}

TEST(OpenAiAgent, ALongRefusalIsReadInPart) {
  Stage stage({[](ServerPeer& peer) {
    peer.read_request();
    peer.send_answer("400 Bad Request", "", std::string(1 << 20, 'x'));
  }});

  stage.run();

  EXPECT_EQ(stage.error(), "upstream_rejected");
  EXPECT_LT(stage.detail().size(), 2000u);
}

TEST(OpenAiAgent, AMissingKeyIsNamedAndNothingIsAsked) {
  Stage stage({answer_hello});
  stage.options.key_variable = "MODEL_KEY";

  stage.run();

  EXPECT_EQ(stage.error(), "missing_key");
  EXPECT_EQ(stage.detail(),
            "The agent's API key is not set: set the environment variable MODEL_KEY, and start the "
            "server again.");
  EXPECT_EQ(stage.server.connections(), 0);
}

}  // namespace
}  // namespace lockstep
