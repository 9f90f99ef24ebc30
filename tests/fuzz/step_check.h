// SPDX-License-Identifier: Apache-2.0
// step_check.h: the law of all decoders of model servers' answers.
//
// The engine can take the steps: texts are valid UTF-8, parts have the next index, appends extend
// growing parts, opaque data is of a part that was begun, the run ends exactly once. It keeps the
// message that they make, so that a target can send it back.
#pragma once

#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/must.h"
#include "engine/base/text.h"
#include "engine/rules/step.h"
#include "schema/json/json_reader.h"
#include "server/inference/limits.h"

namespace lockstep {

class StepCheck {
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
    if (const auto* data = std::get_if<DataPart>(&step.value)) {
      MUST(is_utf8(data->name));
      check_json(data->value);
    }
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
    MUST(open_);
    MUST(!step.data.part || *step.data.part < message_.parts.size());
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
  void look(const NoteCall&) { MUST(false); }
  void look(const CutMessage&) { MUST(false); }
  void look(const EndRun& step) {
    ended_ = true;
    MUST(step.status == RunStatus::interrupted || !open_);
    MUST(!step.usage || is_json_object(step.usage->text));
    MUST(!step.error || is_utf8(step.error->detail));
  }
  static void check_json(const Json& json) {
    MUST(is_utf8(json.text) && read_json(json.text, unbounded_json(2 * limits::json_depth_max)));
  }

  bool open_ = false;
  bool ended_ = false;
  Message message_;
  std::set<std::string> calls_;
};

}  // namespace lockstep
