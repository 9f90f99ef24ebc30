// SPDX-License-Identifier: Apache-2.0
// The law: the engine can take the steps made from any bytes of a Responses server, and what it
// then keeps goes back to the server as JSON. Each line of the input is the data of one event.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "engine/rules/producer.h"
#include "schema/json/json_reader.h"
#include "server/inference/compose.h"
#include "server/inference/responses_codec.h"
#include "server/inference/responses_params.h"
#include "server/inference/settings.h"

namespace {

using namespace lockstep;

constexpr const char* origin = "openai-responses https://api.example gpt";

// Takes the steps as the engine does, and keeps their message.
class Check {
 public:
  void take(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      MUST(!ended_);
      std::visit([this](const auto& what) { look(what); }, step.what);
    }
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const Message& message() const { return message_; }

 private:
  void look(const OpenMessage& step) {
    MUST(!open_ && message_.parts.empty());
    MUST(is_id(step.message.get()));
    message_.id = step.message;
    message_.role = step.role;
    message_.run = RunId("r");
    open_ = true;
  }
  void look(const StartPart& step) {
    MUST(open_);
    MUST(step.part == message_.parts.size());
    if (const std::string* text = growing_text(step.value)) MUST(is_utf8(*text));
    if (const auto* call = std::get_if<ToolCallPart>(&step.value)) {
      MUST(!call->id.empty() && is_utf8(call->id));
      MUST(!call->name.empty() && is_utf8(call->name));
      MUST(calls_.insert(call->id).second);  // results name calls by their id
    }
    if (const auto* file = std::get_if<FilePart>(&step.value)) MUST(is_utf8(file->uri));
    if (const auto* data = std::get_if<DataPart>(&step.value)) check_json(data->value);
    message_.parts.edit().push_back(step.value);
  }
  void look(const AppendContent& step) {
    MUST(open_);
    MUST(step.part < message_.parts.size());
    MUST(!step.text.empty() && is_utf8(step.text));
    std::string* text = growing_text(message_.parts.edit()[step.part]);
    MUST(text);
    *text += step.text;
  }
  void look(const NoteOpaque& step) {
    MUST(open_ && step.data.part && *step.data.part < message_.parts.size());
    check_json(step.data.value);
    message_.opaque.put(step.data);
  }
  void look(const EndMessage& step) {
    MUST(open_);
    MUST(!step.usage || is_json_object(step.usage->text));
    open_ = false;
  }
  // The run driver writes these, and no decoder.
  void look(const NoteRepairs&) { MUST(false); }
  void look(const EndRun& step) {
    ended_ = true;
    MUST(step.status == RunStatus::interrupted || !open_);
    MUST(!step.usage || is_json_object(step.usage->text));
    MUST(!step.error || is_utf8(step.error->detail));
  }
  static void check_json(const Json& json) {
    MUST(is_utf8(json.text) && read_json(json.text, unbounded_json(256)));
  }

  bool open_ = false;
  bool ended_ = false;
  Message message_;
  std::set<std::string> calls_;
};

void send_back(const Message& answer) {
  RequestSettings settings;
  settings.kind = "openai-responses";
  settings.origin = origin;
  settings.reasoning = ReasoningBack::always;
  Message question;
  question.id = MessageId("u");
  question.parts = {TextPart{"Hi"}};
  Context context{.thread = {UserId("u"), ThreadId("t")},
                  .run = RunId("r2"),
                  .path = {question, answer},
                  .settings = settings_bytes(settings)};
  const std::string body = sent_from_settings(context).body;
  MUST(is_utf8(body) && read_json(body, unbounded_json(512)));
}

void decode(std::string_view input) {
  ResponsesDecoder decoder(RunId("r"), {}, origin);
  Check check;
  while (!input.empty()) {
    const std::size_t end = std::min(input.find('\n'), input.size());
    const std::string_view line = input.substr(0, end);
    check.take(line.starts_with("error:") ? decoder.take_error(line.substr(6))
                                          : decoder.take(line));
    input.remove_prefix(std::min(end + 1, input.size()));
  }
  check.take(decoder.end());
  MUST(check.ended() && decoder.ended());
  if (!check.message().parts.empty()) send_back(check.message());
}

// Parameters come from outside too.
void lay_over(std::string_view input) {
  if (!is_utf8(input)) return;
  RequestSettings settings;
  settings.kind = "openai-responses";
  apply_responses_params(settings, Json{std::string(input)}, ModelChoice::fixed);
  set_responses_members(settings);
  MUST(read_settings(settings_bytes(settings)) == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  decode(input);
  ResponsesDecoder decoder(RunId("r"), {}, origin);
  Check check;
  check.take(decoder.take_whole(input));
  MUST(check.ended());
  lay_over(input);
  return 0;
}
