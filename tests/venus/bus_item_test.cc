// The BusItem contract, asked by a client over a real bus.
#include "venus/bus_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "test_bus.h"

namespace bmsd::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Key;
using ::testing::Not;

class BusItemContract : public ::testing::Test {
 protected:
  BusItemContract() {
    tree.set(tree.add("/Dc/0/Voltage", ItemType::real, "%.2fV"), 53.12);
    tree.set(tree.add("/Dc/0/Current", ItemType::real, "%.2fA"), -1.5);
    tree.set(tree.add("/ProductId", ItemType::integer, "0x%X"), 0xBA77);
    tree.set(tree.add("/Big", ItemType::integer), std::int64_t{5'000'000'000});
    tree.set(tree.add("/List", ItemType::integer), std::vector<std::uint32_t>{});
    tree.set(tree.add("/Volts", ItemType::any), std::vector<double>{3.5, 3.45});
    tree.set(tree.add("/Sensors", ItemType::any), std::vector<std::int32_t>{1, -2});
    tree.set(tree.add("/Names", ItemType::any), std::vector<std::string>{"a", "caf\xE9"});
    tree.set(tree.add("/None", ItemType::any), std::vector<std::string>{});
    tree.set(tree.add("/Bad", ItemType::text), "caf\xE9");
    tree.add("/ErrorCode", ItemType::integer);
    name = tree.add("/CustomName", ItemType::text, nullptr, [this](const BusValue& value, auto done) {
      asked.push_back(value);
      owed = done;
    });
    tree.set(name, "");
    number =
        tree.add("/Settings/ResetSocTo", ItemType::integer, nullptr, [this](const BusValue& value, const auto& done) {
          tree.set(number, value);
          done(SetResult::accepted);
        });
    tree.set(number, 100);
    EXPECT_TRUE(server.open(bus.address()));
    EXPECT_TRUE(run_until(io, [this] { return registered; }));
    service = server.unique_name();
  }

  std::string error(const std::string& path, const char* member, const char* interface = kBusItem) {
    return error_of(*client.call(service, path, member, interface));
  }
  std::string signature_of(const std::string& path) {
    DBusMessageIter iter, inner;
    const auto reply = client.call(service, path, "GetValue");
    dbus_message_iter_init(reply.get(), &iter);
    dbus_message_iter_recurse(&iter, &inner);
    const std::unique_ptr<char, decltype(&dbus_free)> signature(dbus_message_iter_get_signature(&inner), dbus_free);
    return signature.get();
  }
  std::string xml(const std::string& path) {
    const auto reply = client.call(service, path, "Introspect", DBUS_INTERFACE_INTROSPECTABLE);
    return std::get<std::string>(first_value(*reply).value_or(""));
  }
  // SetValue with a basic type that BusValue does not have.
  std::int32_t set_basic(const std::string& path, const char* type, const void* value) {
    const auto message = method_call(service.c_str(), path, kBusItem, "SetValue");
    DBusMessageIter iter, variant;
    dbus_message_iter_init_append(message.get(), &iter);
    dbus_message_iter_open_container(&iter, DBUS_TYPE_VARIANT, type, &variant);
    dbus_message_iter_append_basic(&variant, type[0], value);
    dbus_message_iter_close_container(&iter, &variant);
    return std::get<std::int32_t>(*first_value(*client.call(*message)));
  }

  TestBus bus;
  boost::asio::io_context io;
  ItemTree tree;
  ItemTree::Index name = 0, number = 0;
  std::vector<BusValue> asked;
  std::function<void(SetResult)> owed;
  bool registered = false;
  Connection server{io,
                    {[this](const Status& status) { registered = status.ok(); }, [](DBusMessage&) {},
                     [this](DBusMessage& call) { (impatient ? hasty_items : items).answer(call); }, [] {}}};
  BusItems items{io, tree, [this](DBusMessage& message) { server.send(message); }};
  BusItems hasty_items{io, tree, [this](DBusMessage& message) { server.send(message); }, 0s};
  bool impatient = false;
  TestClient client{io, bus.address()};
  std::string service;
};

TEST_F(BusItemContract, GetItemsGivesValueAndTextOfEveryItem) {
  const ItemsSeen all = client.items(service);
  EXPECT_EQ(all.size(), tree.items().size());
  EXPECT_EQ(all.at("/Dc/0/Voltage").value, BusValue(53.12));
  EXPECT_EQ(all.at("/Dc/0/Voltage").text, "53.12V");
  EXPECT_EQ(all.at("/ProductId").text, "0xBA77");
  EXPECT_EQ(all.at("/ErrorCode").value, BusValue());
  EXPECT_EQ(all.at("/ErrorCode").text, "---");
}

TEST_F(BusItemContract, EachKindOfValueHasItsTypeOnTheWire) {
  EXPECT_EQ(signature_of("/Dc/0/Voltage"), "d");
  EXPECT_EQ(signature_of("/ProductId"), "i");
  EXPECT_EQ(signature_of("/Big"), "x");
  EXPECT_EQ(signature_of("/CustomName"), "s");
  EXPECT_EQ(signature_of("/ErrorCode"), "ai");
  EXPECT_EQ(signature_of("/List"), "au");
  EXPECT_EQ(signature_of("/Volts"), "ad");
  EXPECT_EQ(signature_of("/Sensors"), "ai");
  EXPECT_EQ(signature_of("/Names"), "as");
  EXPECT_EQ(signature_of("/None"), "au") << "an empty ai would be invalid";
  EXPECT_EQ(signature_of("/Dc"), "a{sv}");
}

TEST_F(BusItemContract, ListsArriveAsTheyAre) {
  EXPECT_EQ(client.value(service, "/Volts"), BusValue(std::vector<double>{3.5, 3.45}));
  EXPECT_EQ(client.value(service, "/Sensors"), BusValue(std::vector<std::int32_t>{1, -2}));
  EXPECT_EQ(client.value(service, "/Names"), BusValue(std::vector<std::string>{"a", "caf\xEF\xBF\xBD"}));
  EXPECT_EQ(client.value(service, "/None"), BusValue(std::vector<std::uint32_t>{}));
  EXPECT_EQ(client.items(service).at("/Volts").text, "[3.5, 3.45]");
}

TEST_F(BusItemContract, ATextThatIsNotUtf8DoesNotEndTheProcess) {
  EXPECT_EQ(client.value(service, "/Bad"), BusValue("caf\xEF\xBF\xBD"));
}

TEST_F(BusItemContract, TreeObjectsGiveWhatIsBelowThemWithRelativePaths) {
  DBusMessageIter iter;
  auto reply = client.call(service, "/Dc", "GetValue");
  dbus_message_iter_init(reply.get(), &iter);
  EXPECT_THAT(read_dict(iter), ElementsAre(std::pair<std::string, BusValue>("0/Voltage", 53.12),
                                           std::pair<std::string, BusValue>("0/Current", -1.5)));
  reply = client.call(service, "/Dc/0", "GetText");
  EXPECT_STREQ(dbus_message_get_signature(reply.get()), "v");
  dbus_message_iter_init(reply.get(), &iter);
  EXPECT_THAT(read_dict(iter), ElementsAre(std::pair<std::string, BusValue>("Voltage", "53.12V"),
                                           std::pair<std::string, BusValue>("Current", "-1.50A")));
  reply = client.call(service, "/", "GetValue");
  dbus_message_iter_init(reply.get(), &iter);
  EXPECT_EQ(read_dict(iter).size(), tree.items().size());
}

TEST_F(BusItemContract, GetTextOfAnItemIsAString) {
  const auto reply = client.call(service, "/Dc/0/Voltage", "GetText");
  EXPECT_STREQ(dbus_message_get_signature(reply.get()), "s");
  EXPECT_EQ(first_value(*reply), BusValue("53.12V"));
}

TEST_F(BusItemContract, EveryObjectIsIntrospectableAndListsItsChildren) {
  EXPECT_THAT(xml("/"), HasSubstr("<node name=\"Dc\"/>"));
  EXPECT_THAT(xml("/"), HasSubstr("GetItems"));
  EXPECT_THAT(xml("/Dc"), HasSubstr("<node name=\"0\"/>"));
  EXPECT_THAT(xml("/Dc"), Not(HasSubstr("SetValue")));
  EXPECT_THAT(xml("/Dc/0"), HasSubstr("<node name=\"Voltage\"/>"));
  EXPECT_THAT(xml("/Dc/0/Voltage"), HasSubstr("SetValue"));
}

TEST_F(BusItemContract, ThePeerInterfaceAnswers) { EXPECT_EQ(error("/Dc", "Ping", DBUS_INTERFACE_PEER), ""); }

TEST_F(BusItemContract, WhatDoesNotExistIsNamed) {
  EXPECT_THAT(error("/Nothing", "GetValue"), HasSubstr("org.freedesktop.DBus.Error.UnknownObject"));
  EXPECT_THAT(error("/Dc/0/Voltag", "GetValue"), HasSubstr("org.freedesktop.DBus.Error.UnknownObject"));
  EXPECT_THAT(error("/Nothing", "Introspect", DBUS_INTERFACE_INTROSPECTABLE),
              HasSubstr("org.freedesktop.DBus.Error.UnknownObject"));
  EXPECT_THAT(error("/Dc/0/Voltage", "GetMin"), HasSubstr("org.freedesktop.DBus.Error.UnknownMethod"));
  EXPECT_THAT(error("/Dc", "SetValue"), HasSubstr("org.freedesktop.DBus.Error.UnknownMethod"));
  EXPECT_THAT(error("/Dc", "GetItems"), HasSubstr("org.freedesktop.DBus.Error.UnknownMethod"));
  EXPECT_THAT(error("/Soc", "GetValue", "org.example.Other"), HasSubstr("org.freedesktop.DBus.Error.UnknownObject"));
  EXPECT_THAT(error("/Big", "GetValue", "org.example.Other"), HasSubstr("org.freedesktop.DBus.Error.UnknownMethod"));
}

TEST_F(BusItemContract, WrongArgumentsAreInvalid) {
  EXPECT_THAT(error("/CustomName", "SetValue"), HasSubstr("org.freedesktop.DBus.Error.InvalidArgs"));
  EXPECT_THAT(error("/CustomName", "GetDescription"), HasSubstr("org.freedesktop.DBus.Error.InvalidArgs"));
  const auto message = method_call(service.c_str(), "/Big", kBusItem, "GetValue");
  Writer(*message).text("too much");
  EXPECT_THAT(error_of(*client.call(*message)), HasSubstr("org.freedesktop.DBus.Error.InvalidArgs"));
}

TEST_F(BusItemContract, GetDescriptionGivesAText) {
  const auto message = method_call(service.c_str(), "/Big", kBusItem, "GetDescription");
  Writer writer(*message);
  writer.text("en");
  writer.int32(40);
  const auto reply = client.call(*message);
  EXPECT_STREQ(dbus_message_get_signature(reply.get()), "s");
}

TEST_F(BusItemContract, AReadOnlyItemTakesNothingNotEvenTheValueThatItHas) {
  EXPECT_EQ(client.set_value(service, "/ProductId", 0xBA77), 1);
  EXPECT_EQ(client.set_value(service, "/ProductId", 1), 1);
  EXPECT_EQ(client.set_value(service, "/ErrorCode", BusValue()), 1);
  EXPECT_EQ(client.set_value(service, "/ErrorCode", std::nan("")), 1);
  EXPECT_EQ(client.value(service, "/ProductId"), BusValue(0xBA77));
}

TEST_F(BusItemContract, AWritableItemTakesTheValueThatItHasWithoutAnyEffect) {
  EXPECT_EQ(client.set_value(service, "/CustomName", ""), 0);
  EXPECT_EQ(client.set_value(service, "/Settings/ResetSocTo", 100.0), 0);
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(BusItemContract, AValueOfTheWrongKindIsNotPossible) {
  EXPECT_EQ(client.set_value(service, "/CustomName", 1), 1);
  EXPECT_EQ(client.set_value(service, "/Settings/ResetSocTo", "many"), 1);
  EXPECT_EQ(client.set_value(service, "/Settings/ResetSocTo", 50.5), 1);
  EXPECT_EQ(client.set_value(service, "/Settings/ResetSocTo", BusValue()), 1);
  EXPECT_THAT(asked, IsEmpty());
}

TEST_F(BusItemContract, AVariantOfSomethingThatIsNoValueIsNotPossible) {
  const auto message = method_call(service.c_str(), "/Settings/ResetSocTo", kBusItem, "SetValue");
  Writer(*message).container(DBUS_TYPE_VARIANT, "a{sv}", [](Writer& variant) {
    variant.container(DBUS_TYPE_ARRAY, "{sv}",
                      [](Writer& dict) { dict.entry("Value", [](Writer& entry) { entry.variant(50); }); });
  });
  EXPECT_EQ(first_value(*client.call(*message)), BusValue(1));
  EXPECT_EQ(client.set_value(service, "/Settings/ResetSocTo", std::vector<std::uint32_t>{50}), 1);
}

TEST_F(BusItemContract, NumbersOfAllTypesAreTaken) {
  std::uint8_t byte = 51;
  dbus_bool_t yes = TRUE;
  std::int16_t int16 = 52;
  std::uint16_t uint16 = 53;
  std::int32_t int32 = 54;
  std::uint32_t uint32 = 55;
  std::int64_t int64 = 56;
  std::uint64_t uint64 = 57;
  double real = 58;
  const auto takes = [&](const char* type, const void* value, int expected) {
    EXPECT_EQ(set_basic("/Settings/ResetSocTo", type, value), 0) << type;
    EXPECT_EQ(tree.at(number).value, BusValue(expected)) << type;
  };
  takes("y", &byte, 51);
  takes("b", &yes, 1);
  takes("n", &int16, 52);
  takes("q", &uint16, 53);
  takes("i", &int32, 54);
  takes("u", &uint32, 55);
  takes("x", &int64, 56);
  takes("t", &uint64, 57);
  takes("d", &real, 58);
}

TEST_F(BusItemContract, ADeferredSetValueIsAnsweredWhenTheHandlerIsDone) {
  const auto message = method_call(service.c_str(), "/CustomName", kBusItem, "SetValue");
  Writer(*message).variant("Shed");
  MessagePtr reply;
  client.start(*message, [&](DBusMessage& answer) { reply.reset(dbus_message_ref(&answer)); });
  ASSERT_TRUE(run_until(io, [&] { return owed != nullptr; }));
  EXPECT_EQ(client.value(service, "/CustomName"), BusValue("")) << "other calls are answered meanwhile";
  EXPECT_EQ(reply, nullptr);
  owed(SetResult::accepted);
  ASSERT_TRUE(run_until(io, [&] { return reply != nullptr; }));
  EXPECT_EQ(first_value(*reply), BusValue(0));
  EXPECT_THAT(asked, ElementsAre(BusValue("Shed")));
}

TEST_F(BusItemContract, ASetValueThatIsNotDoneInTimeIsRefusedOnce) {
  impatient = true;
  EXPECT_EQ(client.set_value(service, "/CustomName", "Shed"), 2);
  owed(SetResult::accepted);  // too late: nothing must happen
  EXPECT_EQ(client.value(service, "/CustomName"), BusValue(""));
}

TEST_F(BusItemContract, ItemsChangedCarriesValueAndText) {
  const std::vector<ItemTree::Index> changed = {*tree.find("/Dc/0/Voltage"), *tree.find("/ErrorCode")};
  server.send(*items.items_changed(changed));
  ASSERT_TRUE(run_until(io, [&] { return !client.changes.empty(); }));
  EXPECT_THAT(client.changes[0], ElementsAre(Key("/Dc/0/Voltage"), Key("/ErrorCode")));
  EXPECT_EQ(client.changes[0].at("/Dc/0/Voltage").text, "53.12V");
  EXPECT_EQ(client.changes[0].at("/ErrorCode").value, BusValue());
}

}  // namespace
}  // namespace bmsd::testing
