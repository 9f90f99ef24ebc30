// SPDX-License-Identifier: Apache-2.0
#include "engine/rules/change.h"

#include "engine/rules/digest.h"

namespace lockstep {
namespace {

// Writes values so that two different changes never give the same bytes: each text has its length
// first, each option a flag.
class Writer {
 public:
  void text(const std::string& value) {
    number(value.size());
    bytes_ += value;
  }
  void number(std::uint64_t value) {
    bytes_ += std::to_string(value);
    bytes_ += ',';
  }
  template <class T, class Write>
  void option(const std::optional<T>& value, Write write) {
    number(value.has_value() ? 1 : 0);
    if (value) write(*value);
  }
  template <class T, class Write>
  void list(const std::vector<T>& values, Write write) {
    number(values.size());
    for (const T& value : values) write(value);
  }
  void text(const std::optional<std::string>& value) {
    option(value, [&](const std::string& there) { text(there); });
  }
  void json(const std::optional<Json>& value) {
    option(value, [&](const Json& there) { text(there.text); });
  }
  void id(const std::optional<MessageId>& value) {
    option(value, [&](const MessageId& there) { text(there.get()); });
  }
  void place(const std::optional<Place>& value) {
    option(value, [&](const Place& there) {
      number(static_cast<std::uint64_t>(there.kind));
      id(there.message);
    });
  }
  void parts(const Parts& values) {
    number(values.size());
    for (const Part& value : values) part(value);
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  void part(const Part& value) {
    number(value.index());
    if (const auto* growing = growing_text(value)) text(*growing);
    if (const auto* call = std::get_if<ToolCallPart>(&value)) {
      text(call->id);
      text(call->name);
    } else if (const auto* result = std::get_if<ToolResultPart>(&value)) {
      text(result->call);
      text(result->content);
      if (result->made) text(std::string("made"));
      if (result->failed) text(std::string("failed"));
    } else if (const auto* file = std::get_if<FilePart>(&value)) {
      text(file->uri);
      text(file->media_type);
      text(file->name);
    } else if (const auto* data = std::get_if<DataPart>(&value)) {
      text(data->name);
      text(data->value.text);
    }
  }

  std::string bytes_;
};

// A field that was added later writes nothing if it is absent. So a repeated change has the hash
// that an earlier version of the server has stored.
void unless_changed(Writer& out, bool asked) {
  if (asked) out.text(std::string("if_unchanged"));
}

void write(Writer& out, const StartRun& change) {
  out.text(change.run.get());
  out.text(change.agent.get());
  out.list(change.input, [&](const MessageInput& input) {
    out.text(input.id.get());
    out.number(static_cast<std::uint64_t>(input.role));
    out.parts(input.parts);
    out.text(input.author);
    out.json(input.metadata);
  });
  out.place(change.place);
  out.option(change.when_busy,
             [&](WhenBusy when) { out.number(static_cast<std::uint64_t>(when)); });
  out.list(change.needs, [&](Op op) { out.number(op.get()); });
  out.json(change.params);
  if (change.continues) out.text("continue " + change.continues->get());
  if (change.resumes) out.text(std::string("resume"));
}

void write(Writer& out, const PutMessage& change) {
  out.text(change.id.get());
  out.option(change.role, [&](Role role) { out.number(static_cast<std::uint64_t>(role)); });
  out.parts(change.parts);
  out.text(change.author);
  out.json(change.metadata);
  out.place(change.place);
  out.number(change.if_absent ? 1 : 0);
  unless_changed(out, change.if_unchanged);
}

void write(Writer& out, const DeleteMessage& change) {
  out.text(change.message.get());
  unless_changed(out, change.if_unchanged);
}

void write(Writer& out, const StopRun& change) {
  out.option(change.run, [&](const RunId& run) { out.text(run.get()); });
  out.list(change.shown, [&](const Shown& shown) {
    out.text(shown.message.get());
    out.number(shown.part);
    out.number(shown.length);
  });
}

void write(Writer& out, const MoveHead& change) { out.id(change.head); }

void write(Writer& out, const UpdateThread& change) {
  out.text(change.title);
  out.option(change.archived, [&](bool archived) { out.number(archived ? 1 : 0); });
  out.json(change.metadata);
  if (!change.approved_tools) return;
  out.list(*change.approved_tools, [&](const std::string& tool) { out.text(tool); });
}

void write(Writer& out, const AnswerCall& change) {
  out.text(change.message.get());
  out.text(change.call);
  out.text(change.content);
  out.number(change.failed ? 1 : 0);
  out.text(change.id.get());
}

void write(Writer& out, const DecideCall& change) {
  out.text(change.message.get());
  out.text(change.call);
  out.number(static_cast<std::uint64_t>(change.decision));
  out.text(change.reason);
  out.number(change.always ? 1 : 0);
}

}  // namespace

ChangeType type_of(const Change& change) {
  static_assert(std::variant_size_v<decltype(change.what)> ==
                static_cast<std::size_t>(ChangeType::decide_call) + 1);
  return static_cast<ChangeType>(change.what.index());
}

Hash content_of(const Change& change) {
  Writer out;
  out.number(change.what.index());
  out.option(change.seen, [&](const Cursor& seen) {
    out.number(seen.at.get());
    out.number(seen.epoch.get());
  });
  std::visit([&](const auto& what) { write(out, what); }, change.what);
  return sha256(out.bytes());
}

}  // namespace lockstep
