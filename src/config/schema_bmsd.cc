// Keys that only bmsd has; all of them change nothing unless they are set.
#include <array>

#include "config/schema_groups.h"

namespace bmsd {
namespace {

constexpr std::string_view kGroup = "Keys that only bmsd has";

constexpr std::array<Key, 18> kKeys = {{
    {.name = "PORTS",
     .kind = Kind::text_list,
     .scope = Scope::daemon,
     .group = kGroup,
     .may_be_empty = true,
     .help = "The ports that bmsd reads, such as /dev/ttyUSB0 or tcp://192.168.1.5:8899."},
    {.name = "SERIAL_STARTER_PROBE",
     .kind = Kind::boolean,
     .scope = Scope::daemon,
     .group = kGroup,
     .standard = "False",
     .help = "Venus OS: serial-starter hands bmsd also ports that may be anything, in turn with other drivers, each of "
             "which writes to them; without it only those that are pinned."},
    {.name = "BAUD",
     .kind = Kind::integer,
     .scope = Scope::line,
     .group = kGroup,
     .unit = "bit/s",
     .may_be_empty = true,
     .lowest = 300,
     .highest = 4000000,
     .help = "The speed of the line; empty tries the speeds that the BMS is known for."},
    {.name = "PACKS",
     .kind = Kind::text,
     .scope = Scope::line,
     .group = kGroup,
     .may_be_empty = true,
     .help = "Which packs are on a line that carries several protocols at one speed, such as daren-485@1,2; "
             "pylontech-rs485@4; instead of BMS_TYPE and BATTERY_ADDRESSES."},
    {.name = "LISTEN",
     .kind = Kind::boolean,
     .scope = Scope::line,
     .group = kGroup,
     .standard = "False",
     .help = "Only listens to what another master asks on the line, and never sends."},
    {.name = "LISTEN_IF_MASTER",
     .kind = Kind::boolean,
     .scope = Scope::line,
     .group = kGroup,
     .standard = "False",
     .help =
         "Where another master is heard while packs are still looked for: reads them by listening as long as it asks, "
         "instead of waiting until it is silent."},
    {.name = "RECORD_FILE",
     .kind = Kind::text,
     .scope = Scope::line,
     .group = kGroup,
     .may_be_empty = true,
     .help =
         "The file that everything on the line is written to, for bmsd replay; BMS_CAPTURE_RAW_DATA_MAX_SIZE_MB and "
         "BMS_CAPTURE_RAW_DATA_BACKUP_COUNT bound it."},
    {.name = "BLACK_BOX_FILES",
     .kind = Kind::integer,
     .scope = Scope::daemon,
     .group = kGroup,
     .standard = "4",
     .lowest = 0,
     .highest = 1000,
     .help = "How many files of each line are kept that hold its last minutes before a value was rejected or an alarm "
             "began; 0 writes none."},
    {.name = "BLACK_BOX_FOLDER",
     .kind = Kind::text,
     .scope = Scope::daemon,
     .group = kGroup,
     .may_be_empty = true,
     .help = "Where these files are; empty: the folder blackbox beside the file that holds what survives a restart."},
    {.name = "ALLOW_WRITES",
     .kind = Kind::boolean,
     .group = kGroup,
     .standard = "False",
     .help =
         "Allows commands that change something in the BMS, such as its switches; without it nothing is ever written."},
    {.name = "SWAP_FET_BITS",
     .kind = Kind::boolean,
     .group = kGroup,
     .standard = "False",
     .help = "Exchanges the charge and the discharge switch of a Daren that reports them the other way round."},
    {.name = "SOC_CALC_CHARGE_EFFICIENCY",
     .kind = Kind::real,
     .group = kGroup,
     .standard = "1.0",
     .lowest = 0.5,
     .highest = 1,
     .help =
         "The share of the charge current that SOC_CALCULATION counts, because not all of it can be taken out again."},
    {.name = "DCL_MIN_WHILE_DISCHARGE_ALLOWED",
     .kind = Kind::real,
     .group = kGroup,
     .unit = "A",
     .standard = "0",
     .lowest = 0,
     .highest = 5000,
     .safer = Safer::lower,
     .help =
         "The lowest discharge current limit while the BMS lets current flow and every cell is above MIN_CELL_VOLTAGE, "
         "for inverters that switch off at less; 0 is off."},
    {.name = "SWITCH_TO_FLOAT_GIVE_UP_AFTER_HOURS",
     .kind = Kind::real,
     .group = kGroup,
     .unit = "h",
     .may_be_empty = true,
     .lowest = 0.1,
     .highest = 10000,
     .help = "Switches to float, without taking the battery for full, when a cell has been at its maximum for that "
             "long and "
             "the others did not follow; empty waits for the balancer."},
    {.name = "MQTT_PUBLISH",
     .kind = Kind::boolean,
     .scope = Scope::daemon,
     .group = kGroup,
     .standard = "False",
     .works = Works::later,
     .help = "Publishes the batteries to the MQTT broker that the keys MQTT_BROKER_* name.",
     .until = "There is no MQTT."},
    {.name = "HTTP_LISTEN",
     .kind = Kind::text,
     .scope = Scope::daemon,
     .group = kGroup,
     .may_be_empty = true,
     .works = Works::later,
     .help = "Where the web page is served, such as 127.0.0.1:8088; empty serves none.",
     .until = "There is no web page."},
    {.name = "HTTP_TOKEN_FILE",
     .kind = Kind::text,
     .scope = Scope::daemon,
     .group = kGroup,
     .may_be_empty = true,
     .secret = true,
     .works = Works::later,
     .help = "The file with the word that the web page asks for.",
     .until = "There is no web page."},
    {.name = "HISTORY_FILE",
     .kind = Kind::text,
     .scope = Scope::daemon,
     .group = kGroup,
     .may_be_empty = true,
     .works = Works::later,
     .help = "The file in which the past of the batteries is kept.",
     .until = "No past is kept."},
}};

}  // namespace

std::span<const Key> own_keys() { return kKeys; }

}  // namespace bmsd
