// SPDX-License-Identifier: Apache-2.0
// attached_files_test.cc: uploaded files of a path, in the request of each kind, byte for byte.
#include "server/inference/attached_files.h"

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/blob_hash.h"
#include "engine/rules/attachment_types.h"
#include "schema/json/base64.h"
#include "schema/json/json_text.h"
#include "server/inference/compose.h"
#include "server/inference/settings.h"

namespace lockstep {
namespace {

// The name of a blob. Composers read names and never check that they fit the bytes.
std::string uri(int number) {
  Hash hash{};
  hash[0] = static_cast<std::uint8_t>(number);
  return BlobHash(hash).uri();
}

Attachment attachment(int number, std::string type, std::string bytes) {
  return {.uri = uri(number),
          .media_type = std::move(type),
          .bytes = std::make_shared<const std::string>(std::move(bytes))};
}

FilePart file(int number, std::string name, std::string type) {
  return {uri(number), std::move(type), std::move(name)};
}

const std::string png = std::string("\x89PNG\r\n\x1a\n") + std::string("\0\xff picture", 10);
const std::string jpeg = "\xff\xd8\xff\xe0 photograph";
const std::string pdf = "%PDF-1.7\n a page";
const std::string wav = "RIFF\x10\x01\x01\x01WAVEfmt sound";
const std::string mp3 = "ID3\x04 a song";

Message user(std::vector<Part> parts) {
  Message message;
  message.id = MessageId("u");
  message.role = Role::user;
  message.parts = std::move(parts);
  return message;
}

RequestSettings settings(std::string kind, std::vector<std::string> files = {}) {
  RequestSettings settings;
  settings.kind = std::move(kind);
  settings.request = {{"model", "\"m\""}};
  if (settings.kind == "anthropic") settings.request.push_back({"max_tokens", "100"});
  settings.cache = false;
  settings.files = std::move(files);
  return settings;
}

Sent compose(std::vector<Part> parts, std::vector<Attachment> attachments,
             const RequestSettings& with) {
  return sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                             .run = RunId("r"),
                             .path = {user(std::move(parts))},
                             .settings = settings_bytes(with),
                             .attachments = std::move(attachments)});
}

std::string kinds(const Sent& sent) {
  std::string all;
  for (const Repair& repair : sent.repairs) all += (all.empty() ? "" : " ") + repair.kind;
  return all;
}

const std::vector<std::string> every_kind = {"openai", "openai-responses", "anthropic"};

TEST(AttachedFiles, AnImageGoesOutByteForByteInTheFormOfEachKind) {
  const std::string data = to_base64(png);
  const std::vector<std::pair<std::string, std::string>> forms = {
      {"openai",
       R"({"type":"image_url","image_url":{"url":"data:image/png;base64,)" + data + "\"}}"},
      {"openai-responses",
       R"({"type":"input_image","image_url":"data:image/png;base64,)" + data + "\"}"},
      {"anthropic",
       R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":")" + data +
           "\"}}"},
  };
  for (const auto& [kind, form] : forms) {
    const Sent sent = compose({file(1, "cat.png", "image/png"), TextPart{"What is it?"}},
                              {attachment(1, "image/png", png)}, settings(kind));

    EXPECT_TRUE(sent.body.contains(form)) << kind << ": " << sent.body;
    EXPECT_FALSE(sent.body.contains("sha256")) << sent.body;
    EXPECT_LT(sent.body.find("image"), sent.body.find("What is it?")) << "the order of the path";
    EXPECT_EQ(kinds(sent), "") << kind;
  }
}

TEST(AttachedFiles, AnyBytesOfAnImageComeBackFromTheRequest) {
  std::mt19937 random(26);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = png;
    const std::size_t length = random() % 1000;
    for (std::size_t at = 0; at < length; ++at) bytes += static_cast<char>(random());
    const std::string& kind = every_kind[round % every_kind.size()];

    const Sent sent = compose({file(1, "a.png", "image/png")}, {attachment(1, "image/png", bytes)},
                              settings(kind));

    const std::string_view mark = kind == "anthropic" ? "\"data\":\"" : "base64,";
    const std::size_t begin = sent.body.find(mark) + mark.size();
    const std::string data = sent.body.substr(begin, sent.body.find('"', begin) - begin);
    EXPECT_EQ(from_base64(data), bytes) << kind;
  }
}

TEST(AttachedFiles, TheBytesSayOfWhichTypeAnImageIs) {
  const Sent sent = compose({file(1, "cat.png", "image/png")}, {attachment(1, "image/png", jpeg)},
                            settings("anthropic"));
  EXPECT_TRUE(sent.body.contains(R"("media_type":"image/jpeg")")) << sent.body;

  for (const std::string& kind : every_kind) {
    const Sent wrong = compose({file(1, "cat.png", "image/png")},
                               {attachment(1, "image/png", "no picture")}, settings(kind));
    EXPECT_TRUE(wrong.body.contains("[file cat.png (image/png)]")) << wrong.body;
    EXPECT_EQ(kinds(wrong), "file_as_text") << kind;
  }
}

TEST(AttachedFiles, APdfGoesToTheKindsThatTakeIt) {
  const std::string data = "data:application/pdf;base64," + to_base64(pdf);
  const std::vector<Part> parts = {file(1, "tea.pdf", "application/pdf")};
  const std::vector<Attachment> attachments = {attachment(1, "application/pdf", pdf)};

  const Sent chat = compose(parts, attachments, settings("openai", {"pdf"}));
  const std::string as_file =
      R"({"type":"file","file":{"filename":"tea.pdf","file_data":")" + data + "\"}}";
  EXPECT_TRUE(chat.body.contains(as_file)) << chat.body;
  const Sent responses = compose(parts, attachments, settings("openai-responses"));
  const std::string input =
      R"({"type":"input_file","filename":"tea.pdf","file_data":")" + data + "\"}";
  EXPECT_TRUE(responses.body.contains(input)) << responses.body;
  const Sent anthropic = compose(parts, attachments, settings("anthropic"));
  EXPECT_TRUE(anthropic.body.contains(R"("type":"document")")) << anthropic.body;
  EXPECT_TRUE(anthropic.body.contains(to_base64(pdf)));
  for (const Sent* sent : {&chat, &responses, &anthropic}) EXPECT_EQ(kinds(*sent), "");

  const Sent plain = compose(parts, attachments, settings("openai"));
  EXPECT_TRUE(plain.body.contains("[file tea.pdf (application/pdf)]")) << plain.body;
  EXPECT_EQ(kinds(plain), "file_as_text");
}

TEST(AttachedFiles, ASoundGoesOnlyToServersOfChatThatTakeIt) {
  const std::vector<std::pair<std::string, std::string>> sounds = {{wav, "wav"}, {mp3, "mp3"}};
  for (const auto& [bytes, form] : sounds) {
    const std::vector<Part> parts = {file(1, "song", "audio/x-anything")};
    const std::vector<Attachment> attachments = {attachment(1, "audio/x-anything", bytes)};

    const Sent sent = compose(parts, attachments, settings("openai", {"pdf", "sound"}));

    const std::string piece = R"({"type":"input_audio","input_audio":{"data":")" +
                              to_base64(bytes) + R"(","format":")" + form + "\"}}";
    EXPECT_TRUE(sent.body.contains(piece)) << sent.body;
    EXPECT_EQ(kinds(sent), "");
    for (const std::string& kind : every_kind) {
      EXPECT_EQ(kinds(compose(parts, attachments, settings(kind))), "file_as_text") << kind;
    }
  }
}

TEST(AttachedFiles, ATextOfAUserIsSentAsText) {
  for (const std::string& kind : every_kind) {
    const Sent sent = compose({file(1, "notes.md", "text/markdown"), TextPart{"Read it."}},
                              {attachment(1, "text/markdown", "# Tea\n\"green\"")}, settings(kind));
    EXPECT_TRUE(sent.body.contains(R"([file notes.md (text/markdown)]\n# Tea\n\"green\")"))
        << sent.body;
    EXPECT_EQ(kinds(sent), "") << kind;

    const Sent broken =
        compose({file(1, "notes.md", "text/markdown")},
                {attachment(1, "text/markdown", "\xff\xfe broken")}, settings(kind));
    EXPECT_EQ(kinds(broken), "file_as_text") << "it is no UTF-8";
  }
}

TEST(AttachedFiles, AFileThatIsNotThereIsALineOfTextAndARepair) {
  for (const std::string& kind : every_kind) {
    const Sent missing =
        compose({file(1, "cat.png", "image/png"), TextPart{"What is it?"}}, {}, settings(kind));
    EXPECT_TRUE(missing.body.contains("[file cat.png (image/png)]")) << missing.body;
    EXPECT_EQ(kinds(missing), "file_missing") << kind;

    const Attachment beyond{.uri = uri(1), .media_type = "image/png", .bytes = nullptr};
    const Sent limited = compose({file(1, "cat.png", "image/png")}, {beyond}, settings(kind));
    EXPECT_EQ(kinds(limited), "files_over_limit") << kind;

    const Sent film = compose({file(1, "cat.mp4", "video/mp4")}, {attachment(1, "video/mp4", "")},
                              settings(kind));
    EXPECT_EQ(kinds(film), "file_as_text") << kind;
  }
}

TEST(AttachedFiles, AFileOfAnAnswerIsNamedAndNotSent) {
  Message answer = user({TextPart{"A picture:"}, file(1, "cat.png", "image/png")});
  answer.role = Role::assistant;
  answer.run = RunId("r0");
  for (const std::string& kind : every_kind) {
    const Sent sent = sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                                          .run = RunId("r"),
                                          .path = {user({TextPart{"Draw."}}), answer},
                                          .settings = settings_bytes(settings(kind)),
                                          .attachments = {attachment(1, "image/png", png)}});
    EXPECT_TRUE(sent.body.contains("[file cat.png (image/png)]")) << sent.body;
    EXPECT_TRUE(kinds(sent).contains("file_as_text")) << kind;
  }
}

TEST(AttachedFiles, ARunOfFormat1StaysAsItWas) {
  RequestSettings old = settings("openai");
  old.format = 1;
  const std::vector<Part> parts = {file(1, "cat.png", "image/png")};
  EXPECT_EQ(compose(parts, {attachment(1, "image/png", png)}, old).body,
            compose(parts, {}, old).body);
}

TEST(AttachedFiles, TheFilesThatAServerTakesArePartOfTheSettings) {
  const RequestSettings some = settings("openai", {"pdf", "sound"});
  EXPECT_EQ(read_settings(settings_bytes(some)), some);
  EXPECT_FALSE(settings_bytes(settings("openai")).contains("files"));
}

TEST(AttachmentTypes, AreKnownWithParametersAndInAnyCase) {
  EXPECT_EQ(attachment_type("IMAGE/PNG"), AttachmentType::image);
  EXPECT_EQ(attachment_type("text/plain; charset=utf-8"), AttachmentType::text);
  EXPECT_EQ(attachment_type("image/svg+xml"), AttachmentType::text);
  EXPECT_EQ(attachment_type("application/vnd.api+json"), AttachmentType::text);
  EXPECT_EQ(attachment_type("application/pdf"), AttachmentType::document);
  EXPECT_EQ(attachment_type("audio/mpeg"), AttachmentType::sound);
  EXPECT_EQ(attachment_type("video/mp4"), AttachmentType::other);
  EXPECT_EQ(attachment_type(""), AttachmentType::other);
}

// The same bytes may have been uploaded again as something else.
TEST(AttachedFiles, AFileIsWhatItsPartSaysAndNotWhatALaterUploadSays) {
  for (const std::string& kind : every_kind) {
    const Sent first =
        compose({file(1, "a.png", "image/png")}, {attachment(1, "image/png", png)}, settings(kind));
    const Sent later = compose({file(1, "a.png", "image/png")}, {attachment(1, "text/plain", png)},
                               settings(kind));

    EXPECT_EQ(later.body, first.body) << kind;
    EXPECT_EQ(kinds(later), "") << kind;
  }
  const FilePart untyped{uri(1), {}, "a.png"};
  EXPECT_EQ(kinds(compose({untyped}, {attachment(1, "image/png", png)}, settings("openai"))), "");
}

// What its provider gets back is what it sent, whatever the bytes are.
TEST(AttachedFiles, AGeneratedImageGoesBackToItsProviderByteForByte) {
  Message answer;
  answer.id = MessageId("a");
  answer.role = Role::assistant;
  answer.parts = {file(1, "", "image/avif")};
  RequestSettings with = settings("openai-responses");
  with.origin = "its server";
  answer.opaque.put({.part = 0,
                     .origin = with.origin,
                     .value = Json{R"({"id":"ig_1","type":"image_generation_call"})"}});
  const Sent sent =
      sent_from_settings({.thread = {UserId("u"), ThreadId("t")},
                          .run = RunId("r"),
                          .path = {user({TextPart{"Draw."}}), answer, user({TextPart{"Again."}})},
                          .settings = settings_bytes(with),
                          .attachments = {attachment(1, "image/avif", "picture")}});

  EXPECT_TRUE(sent.body.contains(R"("result":")" + to_base64("picture") + "\"")) << sent.body;
  EXPECT_EQ(kinds(sent), "");
}

}  // namespace
}  // namespace lockstep
