// SPDX-License-Identifier: Apache-2.0
#include "tools/forms/oasst.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "engine/base/codes.h"
#include "engine/base/try.h"

namespace lockstep {
namespace {

using JsonKind = JsonValue::Kind;

constexpr std::string_view own = "oasst";  // the metadata's field for the other fields of the trees
constexpr std::array<std::string_view, 5> message_fields{"message_id", "parent_id", "text", "role",
                                                         "replies"};
constexpr std::array<std::string_view, 2> tree_fields{"message_tree_id", "prompt"};

std::unexpected<Error> invalid(const std::string& what) {
  return fail(Kind::rejected, codes::invalid, what);
}

// Compares two values without the order of their fields.
bool same(const JsonValue& one, const JsonValue& other) {
  if (one.kind != other.kind) return false;
  if (one.is(JsonKind::array)) return std::ranges::equal(one.items, other.items, same);
  if (!one.is(JsonKind::object)) return one == other;
  if (one.fields.size() != other.fields.size()) return false;
  return std::ranges::all_of(one.fields, [&](const auto& field) {
    const JsonValue* twin = other.find(field.first);
    return twin && same(field.second, *twin);
  });
}

// The fields that are not in `placed`, as metadata.
template <class Names>
Json metadata_of(const JsonValue& object, const Names& placed) {
  JsonValue kept = JsonValue::of_fields({});
  for (const auto& field : object.fields) {
    if (std::ranges::find(placed, field.first) == placed.end()) kept.fields.push_back(field);
  }
  return {to_text(JsonValue::of_fields({{std::string(own), std::move(kept)}}))};
}

Result<std::string> text_of(const JsonValue& object, std::string_view name) {
  const JsonValue* field = object.find(name);
  if (field && field->is(JsonKind::string)) return field->text;
  return invalid("`" + std::string(name) + "` is missing, or not a string");
}

Result<PlannedMessage> message_of(const JsonValue& object, const std::optional<MessageId>& parent) {
  PlannedMessage message;
  message.parent = parent;
  TRY_LET(id, text_of(object, "message_id"));
  if (!is_id(id)) return invalid("`" + id + "` can't be the id of a message");
  message.input.id = MessageId(id);
  TRY_LET(text, text_of(object, "text"));
  message.input.parts = {TextPart{std::move(text)}};
  TRY_LET(role, text_of(object, "role"));
  if (role != "prompter" && role != "assistant")
    return invalid("the role is `" + role + "`, and must be `prompter` or `assistant`");
  message.input.role = role == "prompter" ? Role::user : Role::assistant;
  message.input.metadata = metadata_of(object, message_fields);
  return message;
}

// Depth first, so that a parent comes before its replies, and siblings in their order.
Result<void> add_below(ThreadPlan& plan, const JsonValue& prompt) {
  struct Waiting {
    const JsonValue* object;
    std::optional<MessageId> parent;
  };
  std::vector<Waiting> waiting{{&prompt, {}}};
  while (!waiting.empty()) {
    const Waiting next = waiting.back();
    waiting.pop_back();
    TRY_LET(message, message_of(*next.object, next.parent));
    const MessageId id = message.input.id;
    plan.messages.push_back(std::move(message));
    const JsonValue* replies = next.object->find("replies");
    if (!replies || !replies->is(JsonKind::array)) return invalid("`replies` is missing");
    for (auto reply = replies->items.rbegin(); reply != replies->items.rend(); ++reply) {
      waiting.push_back({&*reply, id});
    }
  }
  return {};
}

// The end of the path along the best replies: each time that of rank 0, or else the first.
MessageId best_end(const JsonValue& prompt) {
  const JsonValue* at = &prompt;
  while (true) {
    const std::vector<JsonValue>& replies = at->find("replies")->items;
    if (replies.empty()) return MessageId(at->find("message_id")->text);
    const auto best = std::ranges::find_if(replies, [](const JsonValue& reply) {
      const JsonValue* rank = reply.find("rank");
      return rank && rank->is(JsonKind::number) && rank->text == "0";
    });
    at = best == replies.end() ? &replies.front() : &*best;
  }
}

// --- Out -----------------------------------------------------------------------------------------

// The trees' fields in some metadata; counts other fields as left out.
JsonValue kept_fields(const std::optional<Json>& metadata, std::uint64_t& left_out) {
  if (!metadata || metadata->text == "{}") return JsonValue::of_fields({});
  const auto value = parse_json(metadata->text);
  const JsonValue* kept = value ? value->find(own) : nullptr;
  if (!kept || !kept->is(JsonKind::object)) {
    ++left_out;
    return JsonValue::of_fields({});
  }
  if (value->fields.size() > 1) ++left_out;
  return *kept;
}

std::string role_of(Role role) {
  switch (role) {
    case Role::user:
      return "prompter";
    case Role::assistant:
      return "assistant";
    case Role::system:
      return "system";
    case Role::tool:
      return "tool";
  }
  return {};
}

JsonValue object_of(const MessageInput& message, const std::optional<MessageId>& parent,
                    std::uint64_t& left_out) {
  JsonValue object = JsonValue::of_fields({{"message_id", JsonValue::of_text(message.id.get())}});
  if (parent) object.fields.emplace_back("parent_id", JsonValue::of_text(parent->get()));
  std::string text;
  for (const Part& part : message.parts) {
    if (const auto* piece = std::get_if<TextPart>(&part)) {
      text += piece->text;
    } else {
      ++left_out;
    }
  }
  object.fields.emplace_back("text", JsonValue::of_text(text));
  object.fields.emplace_back("role", JsonValue::of_text(role_of(message.role)));
  for (auto& field : kept_fields(message.metadata, left_out).fields) {
    object.fields.push_back(std::move(field));
  }
  object.fields.emplace_back("replies", JsonValue::of_items({}));
  return object;
}

// One tree for each root. Parents come before their children, so walking backwards each object is
// complete before it moves into its parent.
std::vector<JsonValue> hang(const std::vector<PlannedMessage>& messages, std::uint64_t& left_out) {
  std::unordered_map<MessageId, std::size_t> places;
  std::vector<JsonValue> objects;
  for (const PlannedMessage& message : messages) {
    places.emplace(message.input.id, objects.size());
    objects.push_back(object_of(message.input, message.parent, left_out));
  }
  std::vector<JsonValue> roots;
  for (std::size_t at = messages.size(); at-- > 0;) {
    std::vector<JsonValue>& replies = objects[at].fields.back().second.items;
    std::ranges::reverse(replies);
    if (!messages[at].parent) {
      roots.push_back(std::move(objects[at]));
    } else {
      objects[places.at(*messages[at].parent)].fields.back().second.items.push_back(
          std::move(objects[at]));
    }
  }
  std::ranges::reverse(roots);
  return roots;
}

JsonValue tree_of(std::string_view id, const std::optional<Json>& metadata, JsonValue root,
                  std::uint64_t& left_out) {
  JsonValue tree = JsonValue::of_fields({{"message_tree_id", JsonValue::of_text(id)}});
  for (auto& field : kept_fields(metadata, left_out).fields)
    tree.fields.push_back(std::move(field));
  tree.fields.emplace_back("prompt", std::move(root));
  return tree;
}

}  // namespace

Result<ThreadPlan> plan_of_tree(std::string_view line) {
  TRY_LET(tree, parse_json(line));
  TRY_LET(id, text_of(tree, "message_tree_id"));
  if (!is_id(id)) return invalid("`" + id + "` can't be the id of a thread");
  const JsonValue* prompt = tree.find("prompt");
  if (!prompt || !prompt->is(JsonKind::object)) return invalid("`prompt` is missing");
  ThreadPlan plan;
  plan.thread.id = ThreadId(id);
  plan.metadata = metadata_of(tree, tree_fields);
  TRY(add_below(plan, *prompt));
  plan.head = best_end(*prompt);

  std::uint64_t left_out = 0;
  std::vector<JsonValue> roots = hang(plan.messages, left_out);
  const JsonValue again = tree_of(id, plan.metadata, std::move(roots.front()), left_out);
  if (!same(tree, again))
    return invalid("an import would lose part of this tree: an export would differ from it");
  return plan;
}

Trees trees_of(const ThreadState& state) {
  Trees trees;
  std::vector<PlannedMessage> messages;
  for (std::size_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    if (row.deleted) continue;
    const Message& message = row.message;
    messages.push_back({{message.id, message.role, message.parts, message.author, message.metadata},
                        message.parent});
  }
  std::vector<JsonValue> roots = hang(messages, trees.left_out);
  const bool one = roots.size() == 1;
  for (JsonValue& root : roots) {
    const std::string id = one ? state.thread.id.get() : root.fields.front().second.text;
    const JsonValue tree = tree_of(id, state.thread.metadata, std::move(root), trees.left_out);
    append_json(trees.lines, tree, JsonStyle::spaced);
    trees.lines += '\n';
  }
  return trees;
}

}  // namespace lockstep
