// Which tags break TensorBoard's page, and that the message about a long one is short and whole.
#include "event/tag_trouble.h"

#include <string>

#include "check.h"

using namespace tickertape;

TEST(plain_tags_have_no_trouble) {
  for (const char* tag :
       {"", "/", "loss", "loss/constructor", "constructors", "Constructor/x", "#?%/ ", "\xC3\xA4"}) {
    CHECK_EQ(tag_trouble(tag), std::string());
  }
}

TEST(properties_of_every_object_have) {
  for (const char* tag : {"constructor", "constructor/", "__proto__/a/b", "toString/text_summary"}) {
    const std::string trouble = tag_trouble(tag);
    CHECK(trouble.find("'" + std::string(tag) + "'") != std::string::npos);
  }
}

TEST(size_is_that_of_the_encoded_tag) {
  CHECK_EQ(tag_trouble(std::string(65'000, 'a')), std::string());
  CHECK(!tag_trouble(std::string(65'001, 'a')).empty());
  CHECK_EQ(tag_trouble(std::string(21'666, '/')), std::string());
  CHECK(!tag_trouble(std::string(21'667, '/')).empty());
}

TEST(a_long_tag_is_cut_between_characters) {
  std::string tag = "x";
  while (tag.size() < 70'000) tag += "\xE2\x98\x83";
  const std::string trouble = tag_trouble(tag);
  CHECK(trouble.size() < 300);
  CHECK(trouble.find("\xE2\x98\x83...'") != std::string::npos);
}

TEST_MAIN()
