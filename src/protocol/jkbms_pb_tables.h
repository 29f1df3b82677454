// Alarms and the less needed contents of the blocks. Offsets count from the first byte of the block's header; numbers are
// little-endian. [D]: the vendor's register maps V1.0 and V1.1; [F]: seen in captured frames; [I]: only from other programs.
#pragma once

#include <array>
#include <cstdint>

#include "battery/alarms.h"

namespace bmsd::jkpb {

// The alarm word of the status block, low half first. Bits 0 to 23 [D], 24 and later [I]. A direction is blocked where the
// name of the protection says which one it stops; of all others the switches tell.
inline constexpr auto kAlarmBits = std::to_array<AlarmBit>({
    {0, 0, "wire_resistance", Alarm::cell_imbalance, Severity::warning},
    {0, 1, "mos_overtemp", Alarm::high_internal_temperature, Severity::alarm},
    {0, 2, "cell_count_mismatch", Alarm::internal_failure, Severity::alarm},
    {0, 3, "current_sensor_fault", Alarm::internal_failure, Severity::alarm},
    {0, 4, "cell_overvoltage", Alarm::high_cell_voltage, Severity::alarm, Blocks::charge},
    {0, 5, "pack_overvoltage", Alarm::high_voltage, Severity::alarm, Blocks::charge},
    {0, 6, "charge_overcurrent", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 7, "charge_short_circuit", Alarm::high_charge_current, Severity::alarm, Blocks::charge},
    {0, 8, "charge_overtemp", Alarm::high_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 9, "charge_undertemp", Alarm::low_charge_temperature, Severity::alarm, Blocks::charge},
    {0, 10, "internal_comm_fault", Alarm::internal_failure, Severity::alarm},
    {0, 11, "cell_undervoltage", Alarm::low_cell_voltage, Severity::alarm, Blocks::discharge},
    {0, 12, "pack_undervoltage", Alarm::low_voltage, Severity::alarm, Blocks::discharge},
    {0, 13, "discharge_overcurrent", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 14, "discharge_short_circuit", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {0, 15, "discharge_overtemp", Alarm::high_temperature, Severity::alarm, Blocks::discharge},
    {1, 0, "charge_mos_fault", Alarm::internal_failure, Severity::alarm},
    {1, 1, "discharge_mos_fault", Alarm::internal_failure, Severity::alarm},
    {1, 2, "gps_disconnected", Alarm::internal_failure, Severity::ok},
    {1, 3, "change_password", Alarm::internal_failure, Severity::ok},  // a reminder, on healthy packs [F]
    {1, 4, "discharge_on_failed", Alarm::internal_failure, Severity::alarm, Blocks::discharge},
    {1, 5, "battery_overtemp", Alarm::high_temperature, Severity::alarm},
    {1, 6, "temp_sensor_fault", Alarm::internal_failure, Severity::warning},
    {1, 7, "parallel_module_fault", Alarm::internal_failure, Severity::warning},
    {1, 8, "short_circuit_release_failed", Alarm::high_discharge_current, Severity::alarm},
    {1, 9, "discharge_overcurrent_2", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {1, 10, "discharge_overcurrent_3", Alarm::high_discharge_current, Severity::alarm, Blocks::discharge},
    {1, 11, "discharge_undertemp", Alarm::low_temperature, Severity::alarm, Blocks::discharge},
    {1, 12, "gps_remote_lock", Alarm::internal_failure, Severity::ok},
});

// How a number stands in a block.
enum class As : std::uint8_t { u8, s8, u16, s16, u32, s32, flag, flag32 };

struct Item {
  std::uint16_t at;
  As as;
  double per_unit;  // what the wire counts for one unit of the key
  const char* key;
};

inline constexpr auto kStatusItems = std::to_array<Item>({
    {5, As::u8, 1, "frame_counter"},
    {70, As::u32, 1, "cells_present_raw"},
    {74, As::u16, 1000, "cell_voltage_mean_v"},
    {76, As::u16, 1000, "cell_voltage_difference_v"},
    {146, As::u32, 1, "wire_alarm_raw"},
    {170, As::s16, 1000, "balance_current_a"},  // negative while the balancer discharges
    {172, As::u8, 1, "balance_state_raw"},      // 0 off, 1 charging, 2 discharging
    {172, As::flag, 1, "balancing"},
    {186, As::u32, 1000, "cycle_capacity_ah"},
    {191, As::flag, 1, "precharge_on"},
    {192, As::u16, 1, "user_alarm_raw"},
    {194, As::u32, 1, "runtime_s"},
    {200, As::u16, 1, "user_alarm_2_raw"},
    {202, As::u16, 1, "discharge_overcurrent_released_in_s"},
    {204, As::u16, 1, "discharge_short_circuit_released_in_s"},
    {206, As::u16, 1, "charge_overcurrent_released_in_s"},
    {208, As::u16, 1, "charge_short_circuit_released_in_s"},
    {210, As::u16, 1, "cell_undervoltage_released_in_s"},
    {212, As::u16, 1, "cell_overvoltage_released_in_s"},
    {214, As::u8, 1, "sensors_present_raw"},
    {215, As::flag, 1, "heating_on"},
    {218, As::u16, 1, "emergency_switch_s"},
    {220, As::u16, 1, "discharge_current_correction_raw"},
    {222, As::u16, 1000, "charge_current_sensor_v"},
    {224, As::u16, 1000, "discharge_current_sensor_v"},
    {234, As::u16, 100, "pack_voltage_v"},  // again, in 0.01 V
    {236, As::s16, 1000, "heater_current_a"},
    {245, As::flag, 1, "charger_plugged"},
    {246, As::u32, 10, "system_time_s"},
    {262, As::u32, 1, "clock_s"},  // since 2020-01-01
    {270, As::u32, 1, "sleeps_in_s"},
    {274, As::flag, 1, "parallel_limiter_on"},
    {278, As::u16, 1, "charge_phase_s"},   // [I]
    {280, As::u8, 1, "charge_phase_raw"},  // 0 bulk, 1 absorption, 2 float [I]
});

inline constexpr auto kSettingsItems = std::to_array<Item>({
    {5, As::u8, 1, "frame_counter"},
    {6, As::u32, 1000, "smart_sleep_cell_v"},
    {14, As::u32, 1000, "cell_uvp_release_v"},
    {22, As::u32, 1000, "cell_ovp_release_v"},
    {26, As::u32, 1000, "balance_trigger_v"},
    {30, As::u32, 1000, "cell_voltage_at_100_percent_v"},
    {34, As::u32, 1000, "cell_voltage_at_0_percent_v"},
    {38, As::u32, 1000, "cell_request_charge_v"},
    {42, As::u32, 1000, "cell_request_float_v"},
    {46, As::u32, 1000, "cell_power_off_v"},
    {54, As::u32, 1, "charge_overcurrent_delay_s"},
    {58, As::u32, 1, "charge_overcurrent_release_s"},
    {66, As::u32, 1, "discharge_overcurrent_delay_s"},
    {70, As::u32, 1, "discharge_overcurrent_release_s"},
    {74, As::u32, 1, "short_circuit_release_s"},
    {78, As::u32, 1000, "max_balance_current_a"},
    {82, As::s32, 10, "charge_overtemp_c"},
    {86, As::s32, 10, "charge_overtemp_release_c"},
    {90, As::s32, 10, "discharge_overtemp_c"},
    {94, As::s32, 10, "discharge_overtemp_release_c"},
    {98, As::s32, 10, "charge_undertemp_c"},
    {102, As::s32, 10, "charge_undertemp_release_c"},
    {106, As::s32, 10, "mos_overtemp_c"},
    {110, As::s32, 10, "mos_overtemp_release_c"},
    {114, As::u32, 1, "cells_configured"},
    {118, As::flag32, 1, "charge_enabled"},
    {122, As::flag32, 1, "discharge_enabled"},
    {126, As::flag32, 1, "balance_enabled"},
    {134, As::u32, 1, "short_circuit_delay_us"},
    {138, As::u32, 1000, "balance_start_v"},
    {270, As::u32, 1, "device_address"},  // 0 where a master sends its own
    {274, As::u32, 1, "discharge_precharge_s"},
    {284, As::s8, 1, "heating_start_c"},  // mean something from hardware 15A with software 15.41 on [I]
    {285, As::s8, 1, "heating_stop_c"},
    {286, As::u8, 1, "smart_sleep_h"},
    {296, As::s8, 1, "discharge_undertemp_c"},  // [I]
    {297, As::s8, 1, "discharge_undertemp_release_c"},
});

inline constexpr auto kAboutItems = std::to_array<Item>({
    {5, As::u8, 1, "frame_counter"},
    {38, As::u32, 1, "uptime_s"},
    {42, As::u32, 1, "power_on_count"},
    {184, As::u8, 1, "uart1_protocol"},
    {185, As::u8, 1, "can_protocol"},
    {218, As::u8, 1, "uart2_protocol"},
    {266, As::u8, 10, "charge_voltage_h"},
    {267, As::u8, 10, "float_voltage_h"},
});

// Bits of the settings' u16 at 282 [D].
struct FunctionBit {
  std::uint8_t bit;
  const char* name;
};
inline constexpr auto kFunctions = std::to_array<FunctionBit>({{0, "heating"},
                                                               {1, "temperature_sensors_disabled"},
                                                               {2, "gps_heartbeat"},
                                                               {3, "port_is_rs485"},
                                                               {4, "display_always_on"},
                                                               {5, "special_charger"},
                                                               {6, "smart_sleep"},
                                                               {7, "parallel_limiter_disabled"},
                                                               {8, "timed_data_storage"},
                                                               {9, "float_charge_mode"}});

// Modbus exceptions [D].
struct ExceptionCode {
  std::uint8_t code;
  const char* meaning;
};
inline constexpr auto kExceptionCodes = std::to_array<ExceptionCode>(
    {{1, "function not known"}, {2, "register not known"}, {3, "data not allowed"}, {4, "CRC error"}});

}  // namespace bmsd::jkpb
