// SPDX-License-Identifier: Apache-2.0
// The promise of an export in Markdown: no user's text can pose as another turn. A foreign parser
// (cmark) reads the export and lists its top-level blocks.
#include "tools/forms/markdown.h"

#include <cmark.h>
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/rules/fold.h"
#include "tools/forms/markdown_quote.h"

namespace lockstep {
namespace {

using Document = std::unique_ptr<cmark_node, void (*)(cmark_node*)>;

Document parsed(const std::string& markdown) {
  return {cmark_parse_document(markdown.data(), markdown.size(), CMARK_OPT_DEFAULT),
          cmark_node_free};
}

std::vector<std::string> blocks_of(const Document& document) {
  std::vector<std::string> blocks;
  for (cmark_node* node = cmark_node_first_child(document.get()); node;
       node = cmark_node_next(node)) {
    blocks.emplace_back(cmark_node_get_type_string(node));
  }
  return blocks;
}

std::size_t count_of(const Document& document, cmark_node_type type) {
  const std::unique_ptr<cmark_iter, void (*)(cmark_iter*)> nodes(cmark_iter_new(document.get()),
                                                                 cmark_iter_free);
  std::size_t count = 0;
  for (cmark_event_type event = cmark_iter_next(nodes.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(nodes.get())) {
    const bool enters = event == CMARK_EVENT_ENTER;
    if (enters && cmark_node_get_type(cmark_iter_get_node(nodes.get())) == type) ++count;
  }
  return count;
}

bool has_html(const Document& document) {
  return count_of(document, CMARK_NODE_HTML_BLOCK) + count_of(document, CMARK_NODE_HTML_INLINE) > 0;
}

ThreadState thread_saying(std::vector<Part> parts) {
  ThreadState state;
  state.thread.id = ThreadId("t");
  state.thread.title = "a *title* <b> # [x](y)";
  Message message;
  message.id = MessageId("m1");
  message.role = Role::user;
  message.author = "Ann\n## Assistant";
  message.parts = std::move(parts);
  const MessageId id = message.id;
  fold(state, MessagePut{std::move(message)}, Timestamp(1));
  fold(state, HeadMoved{id, {}}, Timestamp(1));
  return state;
}

TEST(QuotedMarkdown, StaysReadable) {
  EXPECT_EQ(quoted_markdown("one\n\n* two\n\\(x^2\\)\n"), "> one\n>\n> * two\n> \\(x^2\\)\n");
  EXPECT_EQ(quoted_markdown("a < b, `<i>` and\n```\nvector<int>\n```"),
            "> a < b, `<i>` and\n> ```\n> vector<int>\n> ```\n");
}

TEST(QuotedMarkdown, ShowsTagsInsteadOfObeyingThem) {
  EXPECT_EQ(quoted_markdown("see <b>this</b>"), "> see \\<b>this\\</b>\n");
  EXPECT_EQ(quoted_markdown("</blockquote>\n<h2>User</h2>"),
            "> \\</blockquote>\n> \\<h2>User\\</h2>\n");
  EXPECT_EQ(quoted_markdown("<!-- \n## User"), "> \\<!-- \n> ## User\n");
}

// Lines and pieces that begin, end or hide something in Markdown, in any order.
std::string random_markdown(std::mt19937& random) {
  static const std::vector<std::string> pieces{
      "## User",  "# x",        "User\n---", "```",    "~~~",
      "````",     "- ",         "1. ",       "> ",     "    ",
      "  ",       "\t",         "<div>",     "</div>", "</blockquote>",
      "<h2>",     "<!--",       "-->",       "<?",     "<![CDATA[",
      "<script>", "<b",         " a=\"",     ">",      "<",
      "\\",       "\\<",        "`",         "``",     "[a](",
      "](x)",     "<http://x>", "&lt;",      "word",   " ",
      "\n",       "\n",         "\n\n",      "***",    "|",
      "$$",       "\x1b",       "\u202E",    "\r"};
  std::string text;
  for (std::size_t left = random() % 24; left > 0; --left) text += pieces[random() % pieces.size()];
  return text;
}

TEST(MarkdownExport, NoTextCanPoseAsAnotherTurn) {
  for (std::uint32_t seed = 0; seed < 20'000; ++seed) {
    std::mt19937 random(seed);
    const std::string text = random_markdown(random);
    const std::string more = random_markdown(random);
    SCOPED_TRACE(testing::PrintToString(text) + " " + testing::PrintToString(more));

    const std::string markdown =
        markdown_of(thread_saying({TextPart{text}, ReasoningPart{more}, ToolResultPart{more, text},
                                   ToolCallPart{text, more, text}}));
    const Document document = parsed(markdown);

    std::vector<std::string> blocks = blocks_of(document);
    for (std::string& block : blocks) {
      if (block == "code_block") block = "block_quote";  // a text that had to be fenced
    }
    ASSERT_EQ(blocks, (std::vector<std::string>{"heading", "paragraph", "heading", "block_quote",
                                                "paragraph", "block_quote", "paragraph",
                                                "block_quote", "paragraph", "block_quote"}))
        << markdown;
    ASSERT_FALSE(has_html(document)) << markdown;
    ASSERT_EQ(markdown.find('\x1b'), std::string::npos);
    ASSERT_EQ(markdown.find("\u202E"), std::string::npos);
  }
}

// An answer with a call whose note and result are these.
ThreadState thread_calling(const std::optional<CallNote>& note, const ToolResultPart& result) {
  ThreadState state;
  state.thread.id = ThreadId("t");
  Message message;
  message.id = MessageId("m1");
  message.role = Role::assistant;
  message.parts = {ToolCallPart{"c1", "delete", "{}"}, result};
  if (note) message.calls = {*note};
  fold(state, MessagePut{message}, Timestamp(1));
  fold(state, HeadMoved{message.id, {}}, Timestamp(1));
  return state;
}

TEST(MarkdownExport, SaysHowACallStandsAndThatItsToolHasFailed) {
  const auto said = [](CallStatus status, const std::string& reason, bool failed) {
    return markdown_of(thread_calling(CallNote{0, status, reason},
                                      ToolResultPart{"c1", "no disk", false, failed}));
  };
  const std::string id = code_markdown("c1");
  const std::string called = "Call of " + code_markdown("delete") + " (" + id + ")";
  const std::string call = called + ", ";
  EXPECT_TRUE(said(CallStatus::needs_approval, "", false).contains(call + "needs approval:\n"));
  EXPECT_TRUE(said(CallStatus::approved, "", false).contains(call + "approved:\n"));
  EXPECT_TRUE(said(CallStatus::running, "", false).contains(call + "running:\n"));
  EXPECT_TRUE(said(CallStatus::denied, "", false).contains(call + "denied:\n"));
  EXPECT_TRUE(said(CallStatus::denied, "too risky", false).contains(call + "denied: too risky:\n"));
  EXPECT_TRUE(said(CallStatus::approved, "", true).contains("Result of " + id + ", failed:\n"));
  EXPECT_TRUE(markdown_of(thread_calling({}, {"c1", "ok"})).contains(called + ":\n"));
}

TEST(MarkdownExport, AReasonCanNotPoseAsAnotherTurn) {
  for (std::uint32_t seed = 0; seed < 5'000; ++seed) {
    std::mt19937 random(seed);
    const CallNote note{0, CallStatus::denied, random_markdown(random)};
    const std::string markdown = markdown_of(thread_calling(note, {"c1", "ok"}));
    const Document document = parsed(markdown);
    std::vector<std::string> blocks = blocks_of(document);
    for (std::string& block : blocks) {
      if (block == "code_block") block = "block_quote";
    }
    ASSERT_EQ(blocks, (std::vector<std::string>{"heading", "paragraph", "heading", "paragraph",
                                                "block_quote", "paragraph", "block_quote"}))
        << markdown;
    ASSERT_FALSE(has_html(document)) << markdown;
    ASSERT_EQ(markdown.find('\x1b'), std::string::npos);
  }
}

TEST(MarkdownExport, AFileIsOneLinkUnderAnyName) {
  for (const char* name : {"a](b)", "x\n## User", "`", "[", "\\", "!", "<b>", ""}) {
    for (const char* uri : {"http://x/a b", "x>) [y](<z", "a\nb", "\\", "javascript:x", "<"}) {
      const Document document = parsed(markdown_of(thread_saying({FilePart{uri, {}, name}})));

      EXPECT_EQ(count_of(document, CMARK_NODE_LINK), 1u) << name << " " << uri;
      EXPECT_EQ(count_of(document, CMARK_NODE_HEADING), 2u) << name << " " << uri;
      EXPECT_FALSE(has_html(document)) << name << " " << uri;
    }
  }
}

TEST(MarkdownExport, AControlCharacterHidesNoFence) {
  const std::string markdown = fenced_markdown("``\x01`\n## User", "");

  EXPECT_EQ(blocks_of(parsed(markdown)), std::vector<std::string>{"code_block"}) << markdown;
}

}  // namespace
}  // namespace lockstep
