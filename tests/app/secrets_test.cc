#include "app/secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/schema.h"

namespace bmsd {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string blanked(const std::string& ini) {
  Secrets secrets;
  secrets.learn(ini);
  return secrets.blanked_ini(ini);
}

TEST(Secrets, AreTheValuesOfKeysThatAreMarked) {
  int marked = 0;
  for (const Key& key : all_keys()) {
    if (!key.secret) continue;
    ++marked;
    const std::string name(key.name);
    EXPECT_EQ(blanked("[DEFAULT]\n" + name + " = geheim17\nMAX_CELL_VOLTAGE = 3.5\n"),
              "[DEFAULT]\n" + name + " = ***\nMAX_CELL_VOLTAGE = 3.5\n");
  }
  EXPECT_GE(marked, 1);
  EXPECT_TRUE(find_key("MQTT_PASSWORD")->secret);
}

TEST(Secrets, AreFoundHoweverTheyAreWritten) {
  for (const char* line :
       {"mqtt_password=geheim17", "MQTT_PASSWORD: geheim17", "  MQTT_PASSWORD = geheim17  \r",
        "# MQTT_PASSWORD = geheim17", ";MQTT_PASSWORD=geheim17", "MQTT_PASWORD_OLD = geheim17", "MY_TOKEN = geheim17",
        "MQTT_PASSWORD =\n  geheim17", "MQTT_PASSWORD = a\n\tgeheim17\n\tb"}) {
    EXPECT_THAT(blanked(std::string("[DEFAULT]\n") + line + "\nSOC = 1\n"), Not(HasSubstr("geheim17"))) << line;
    EXPECT_THAT(blanked(std::string("[DEFAULT]\n") + line + "\nSOC = 1\n"), HasSubstr("SOC = 1\n")) << line;
  }
}

TEST(Secrets, AreBlankedWhereverElseTheyStand) {
  Secrets secrets;
  secrets.learn("[DEFAULT]\nWORD = geheim17\nMQTT_PASSWORD = %(WORD)s\n");
  EXPECT_EQ(secrets.blanked("connecting with geheim17, twice geheim17"), "connecting with ***, twice ***");
  EXPECT_EQ(secrets.blanked_ini("[DEFAULT]\nWORD = geheim17\n"), "[DEFAULT]\nWORD = ***\n");
}

TEST(Secrets, OfAnAddressAreItsLogin) {
  const Secrets secrets;
  EXPECT_EQ(secrets.blanked("mqtt://me:word@broker:1883/x a@b"), "mqtt://***@broker:1883/x a@b");
  EXPECT_EQ(secrets.blanked("tcp://192.168.1.5:8899"), "tcp://192.168.1.5:8899");
  EXPECT_EQ(secrets.blanked("x://a:b@c@d"), "x://***@d");
  EXPECT_EQ(secrets.blanked("://"), "://");
}

TEST(Secrets, ThatAreShortDoNotEatEveryWord) {
  EXPECT_EQ(blanked("[DEFAULT]\nMQTT_PASSWORD = a\nPORTS = a\n"), "[DEFAULT]\nMQTT_PASSWORD = ***\nPORTS = a\n");
}

TEST(Secrets, LeaveTheRestAsItIs) {
  const std::string text = "\n; remark\n[line ttyUSB0]\nBAUD = 9600\n  continued\nnonsense\n";
  EXPECT_EQ(blanked(text), text);
  EXPECT_EQ(blanked(""), "");
}

}  // namespace
}  // namespace bmsd
