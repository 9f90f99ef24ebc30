// SPDX-License-Identifier: Apache-2.0
// The law: the engine can take the steps made from any bytes of a model server: texts are valid
// UTF-8, parts have the next index, appends extend growing parts, the run ends exactly once. Each
// line of the input is the data of one event.
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
#include "schema/json/json_reader.h"
#include "schema/json/json_text.h"
#include "server/inference/openai_codec.h"
#include "server/inference/settings.h"

namespace {

using namespace lockstep;

class Check {
 public:
  void take(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      MUST(!ended_);
      std::visit([this](const auto& what) { look(what); }, step.what);
    }
  }
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  void look(const OpenMessage& step) {
    MUST(!open_ && parts_ == 0);
    MUST(is_id(step.message.get()));
    open_ = true;
  }
  void look(const StartPart& step) {
    MUST(open_);
    MUST(step.part == parts_);
    const std::string* text = growing_text(step.value);
    MUST(!text || is_utf8(*text));
    if (const auto* data = std::get_if<DataPart>(&step.value)) {
      MUST(read_json(data->value.text).has_value());
    }
    if (const auto* file = std::get_if<FilePart>(&step.value)) MUST(is_utf8(file->uri));
    if (const auto* call = std::get_if<ToolCallPart>(&step.value)) {
      MUST(!call->id.empty() && is_utf8(call->id));
      MUST(!call->name.empty() && is_utf8(call->name));
      MUST(calls_.insert(call->id).second);  // results name calls by their id
    }
    ++parts_;
  }
  void look(const AppendContent& step) {
    MUST(open_);
    MUST(step.part < parts_);
    MUST(!step.text.empty() && is_utf8(step.text));
  }
  void look(const EndMessage& step) {
    MUST(open_);
    MUST(!step.usage || is_json_object(step.usage->text));
    open_ = false;
  }
  // The run driver writes these, and no decoder.
  void look(const NoteRepairs&) { MUST(false); }
  void look(const NoteOpaque& step) {
    MUST(open_ && (!step.data.part || *step.data.part < parts_));
    MUST(read_json(step.data.value.text).has_value());
  }
  void look(const EndRun& step) {
    ended_ = true;
    MUST(step.status == RunStatus::interrupted || !open_);
    MUST(!step.usage || is_json_object(step.usage->text));
    MUST(!step.error || is_utf8(step.error->detail));
  }

  bool open_ = false;
  bool ended_ = false;
  std::uint32_t parts_ = 0;
  std::set<std::string> calls_;
};

void decode(std::string_view input, ThinkTags think_tags) {
  ChatDecoder decoder(RunId("r"), {}, think_tags);
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
}

void refuse(unsigned status, std::string_view body) {
  const RunError error = refusal_of(status, body, {});
  MUST(!error.code.empty() && is_utf8(error.detail));
}

// Parameters come from outside too.
void lay_over(std::string_view input) {
  RequestSettings settings;
  settings.kind = "openai";
  apply_params(settings, Json{std::string(input)}, ModelChoice::fixed);
  MUST(read_settings(settings_bytes(settings)) == settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const ThinkTags tags : {ThinkTags::off, ThinkTags::on, ThinkTags::open}) decode(input, tags);
  ChatDecoder decoder(RunId("r"));
  Check check;
  check.take(decoder.take_whole(input));
  MUST(check.ended());
  refuse(400, input);
  lay_over(input);
  return 0;
}
