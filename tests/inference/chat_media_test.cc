// SPDX-License-Identifier: Apache-2.0
// Images, sound and citations of a Chat Completions answer.
#include <gtest/gtest.h>

#include <string>

#include "engine/base/codes.h"
#include "server/inference/media_limits.h"
#include "tests/inference/decoded.h"

namespace lockstep {
namespace {

template <class Kind>
std::vector<Kind> parts_of(const Written& written) {
  std::vector<Kind> found;
  for (const WrittenMessage& message : written.messages) {
    for (const Part& part : message.parts) {
      if (const auto* each = std::get_if<Kind>(&part)) found.push_back(*each);
    }
  }
  return found;
}

TEST(ChatMedia, AnnotationsBecomeOneDataPartBehindTheText) {
  const Written written =
      decode({content("\"As it is said.\""),
              delta(R"("annotations":[{"type":"url_citation","url":"https://a.example"}])"),
              delta(R"("annotations":[{"type":"url_citation","url":"https://b.example"}])"),
              finish("stop")});

  EXPECT_EQ(written.text(), "As it is said.");
  ASSERT_EQ(written.messages[0].parts.size(), 2u);
  EXPECT_EQ(parts_of<DataPart>(written),
            (std::vector{DataPart{"annotations",
                                  Json{R"([{"type":"url_citation","url":"https://a.example"},)"
                                       R"({"type":"url_citation","url":"https://b.example"}])"}}}));
}

TEST(ChatMedia, AListThatEveryChunkRepeatsIsKeptOnce) {
  const std::string chunk =
      R"({"citations":["https://a.example"],"choices":[{"index":0,"delta":{"content":"x"}}]})";

  const Written written = decode({chunk, chunk, finish("stop")});

  EXPECT_EQ(parts_of<DataPart>(written),
            (std::vector{DataPart{"citations", Json{R"(["https://a.example"])"}}}));
}

TEST(ChatMedia, AnImageIsAFile) {
  const Written written = decode(
      {content("\"Here:\""),
       delta(R"("images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}])"),
       finish("stop")});

  EXPECT_EQ(parts_of<FilePart>(written),
            (std::vector{FilePart{"data:image/png;base64,AAAA", "image/png", {}}}));
}

TEST(ChatMedia, AnImageAloneIsAnAnswer) {
  const Written written = decode(
      {delta(R"("images":[{"image_url":{"url":"data:image/png;base64,AAAA"}}])"), finish("stop")});

  ASSERT_EQ(written.messages.size(), 1u);
  EXPECT_EQ(written.messages[0].ended, MessageStatus::complete);
  EXPECT_EQ(parts_of<FilePart>(written).size(), 1u);
}

TEST(ChatMedia, SoundIsATranscriptAndAFile) {
  const Written written = decode({delta(R"("audio":{"id":"audio_1","transcript":"Hel"})"),
                                  delta(R"("audio":{"transcript":"lo","data":"AQ=="})"),
                                  delta(R"("audio":{"data":"AgM="})"), finish("stop")});

  EXPECT_EQ(written.text(), "Hello");
  EXPECT_EQ(parts_of<FilePart>(written),
            (std::vector{FilePart{"data:audio/pcm;base64,AQID", "audio/pcm", {}}}));
  ASSERT_EQ(written.messages[0].opaque.size(), 1u);
  EXPECT_EQ(written.messages[0].opaque.begin()->value.text, R"({"audio":{"id":"audio_1"}})");
}

TEST(ChatMedia, SoundThatCannotBeReadLeavesItsTranscript) {
  const Written written =
      decode({delta(R"("audio":{"transcript":"Hello","data":"%%%%"})"), finish("stop")});

  EXPECT_EQ(written.text(), "Hello");
  EXPECT_TRUE(parts_of<FilePart>(written).empty());
  EXPECT_EQ(written.end->status, RunStatus::completed);
}

TEST(ChatMedia, AWholeMessageThatRepeatsTheDeltasAddsNothing) {
  const Written written =
      decode({content("\"Here:\""),
              delta(R"("images":[{"image_url":{"url":"data:image/png;base64,AAAA"}}])"),
              R"({"choices":[{"index":0,"finish_reason":"stop","message":{"content":"Here:",)"
              R"("images":[{"image_url":{"url":"data:image/png;base64,AAAA"}}]}}]})"});

  EXPECT_EQ(written.text(), "Here:");
  EXPECT_EQ(parts_of<FilePart>(written).size(), 1u);
}

TEST(ChatMedia, AWholeMessageThatRepeatsAnImageAloneAddsNothing) {
  const std::string image = R"("images":[{"image_url":{"url":"data:image/png;base64,AAAA"}}])";

  const Written written =
      decode({delta(image),
              R"({"choices":[{"index":0,"finish_reason":"stop","message":{)" + image + R"(}}]})"});

  EXPECT_EQ(parts_of<FilePart>(written).size(), 1u);
}

// Nothing that the model made is lost without a word: the user sees it, and so does the model.
TEST(ChatMedia, AnImageThatIsLeftOutIsNamed) {
  const std::string begin = R"("images":[{"image_url":{"url":"data:image/png;base64,)";
  const std::string end = R"("}}])";
  const std::string long_one(limits::generated_file_bytes_max, 'A');
  for (const auto& [data, reason] :
       {std::pair{long_one, "too_large"}, std::pair{std::string("AAA"), "unreadable"}}) {
    const Written written = decode({delta(begin + data + end), finish("stop")});

    EXPECT_TRUE(parts_of<FilePart>(written).empty());
    EXPECT_EQ(parts_of<DataPart>(written),
              (std::vector{DataPart{"image_left_out", Json{R"({"reason":")" + std::string(reason) +
                                                           R"(","media_type":"image/png"})"}}}));
    EXPECT_EQ(written.end->status, RunStatus::completed);
  }
}

TEST(ChatMedia, AnImageInNoKnownFormIsNamed) {
  for (const char* image : {R"({"b64_json":"AAAA"})", R"({"image_url":{}})", R"({"image_url":7})",
                            R"("AAAA")", "{}", "null"}) {
    const Written written =
        decode({delta(R"("images":[)" + std::string(image) + "]"), finish("stop")});

    EXPECT_EQ(parts_of<DataPart>(written),
              (std::vector{DataPart{"image_left_out", Json{R"({"reason":"unreadable"})"}}}))
        << image;
  }
  const Written bare =
      decode({delta(R"("images":[{"image_url":"https://a.example/1.png"}])"), finish("stop")});
  EXPECT_EQ(parts_of<FilePart>(bare), (std::vector{FilePart{"https://a.example/1.png", {}, {}}}));
}

TEST(ChatMedia, AnImageAsLongAsOneOfAUserIsAFile) {
  const std::string address =
      "data:image/png;base64," + std::string((limits::generated_file_bytes_max - 24) / 4 * 4, 'A');

  const Written written =
      decode({delta(R"("images":[{"image_url":{"url":")" + address + R"("}}])"), finish("stop")});

  EXPECT_EQ(parts_of<FilePart>(written), (std::vector{FilePart{address, "image/png", {}}}));
}

TEST(ChatMedia, MoreImagesThanAnAnswerMayHaveEndItByName) {
  const std::string image = R"("images":[{"image_url":{"url":"data:image/png;base64,)" +
                            std::string(8'000'000, 'A') + R"("}}])";
  std::vector<std::string> chunks(5, delta(image));
  chunks.push_back(finish("stop"));

  const Written written = decode(chunks);

  EXPECT_EQ(written.end->error->code, codes::upstream_too_large);
}

}  // namespace
}  // namespace lockstep
