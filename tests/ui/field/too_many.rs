use axum_users::{AuthUser, PasswordHash};
use uuid::Uuid;

#[derive(AuthUser, Debug, Clone)]
pub struct User {
    pub id: Uuid,
    pub email: String,
    pub hashed_password: PasswordHash,
    pub is_active: bool,
    pub is_superuser: bool,
    pub is_verified: bool,
    #[auth(read)]
    pub field_0: i32,
    #[auth(read)]
    pub field_1: i32,
    #[auth(read)]
    pub field_2: i32,
    #[auth(read)]
    pub field_3: i32,
    #[auth(read)]
    pub field_4: i32,
    #[auth(read)]
    pub field_5: i32,
    #[auth(read)]
    pub field_6: i32,
    #[auth(read)]
    pub field_7: i32,
    #[auth(read)]
    pub field_8: i32,
    #[auth(read)]
    pub field_9: i32,
    #[auth(read)]
    pub field_10: i32,
    #[auth(read)]
    pub field_11: i32,
    #[auth(read)]
    pub field_12: i32,
    #[auth(read)]
    pub field_13: i32,
    #[auth(read)]
    pub field_14: i32,
    #[auth(read)]
    pub field_15: i32,
    #[auth(read)]
    pub field_16: i32,
    #[auth(read)]
    pub field_17: i32,
    #[auth(read)]
    pub field_18: i32,
    #[auth(read)]
    pub field_19: i32,
    #[auth(read)]
    pub field_20: i32,
    #[auth(read)]
    pub field_21: i32,
    #[auth(read)]
    pub field_22: i32,
    #[auth(read)]
    pub field_23: i32,
    #[auth(read)]
    pub field_24: i32,
    #[auth(read)]
    pub field_25: i32,
    #[auth(read)]
    pub field_26: i32,
    #[auth(read)]
    pub field_27: i32,
    #[auth(read)]
    pub field_28: i32,
    #[auth(read)]
    pub field_29: i32,
    #[auth(read)]
    pub field_30: i32,
    #[auth(read)]
    pub field_31: i32,
    #[auth(read)]
    pub field_32: i32,
    #[auth(read)]
    pub field_33: i32,
    #[auth(read)]
    pub field_34: i32,
    #[auth(read)]
    pub field_35: i32,
    #[auth(read)]
    pub field_36: i32,
    #[auth(read)]
    pub field_37: i32,
    #[auth(read)]
    pub field_38: i32,
    #[auth(read)]
    pub field_39: i32,
    #[auth(read)]
    pub field_40: i32,
    #[auth(read)]
    pub field_41: i32,
    #[auth(read)]
    pub field_42: i32,
    #[auth(read)]
    pub field_43: i32,
    #[auth(read)]
    pub field_44: i32,
    #[auth(read)]
    pub field_45: i32,
    #[auth(read)]
    pub field_46: i32,
    #[auth(read)]
    pub field_47: i32,
    #[auth(read)]
    pub field_48: i32,
    #[auth(read)]
    pub field_49: i32,
    #[auth(read)]
    pub field_50: i32,
    #[auth(read)]
    pub field_51: i32,
    #[auth(read)]
    pub field_52: i32,
    #[auth(read)]
    pub field_53: i32,
    #[auth(read)]
    pub field_54: i32,
    #[auth(read)]
    pub field_55: i32,
    #[auth(read)]
    pub field_56: i32,
    #[auth(read)]
    pub field_57: i32,
    #[auth(read)]
    pub field_58: i32,
    #[auth(read)]
    pub field_59: i32,
    #[auth(read)]
    pub field_60: i32,
    #[auth(read)]
    pub field_61: i32,
    #[auth(read)]
    pub field_62: i32,
    #[auth(read)]
    pub field_63: i32,
    #[auth(read)]
    pub field_64: i32,
    #[auth(read)]
    pub field_65: i32,
    #[auth(read)]
    pub field_66: i32,
    #[auth(read)]
    pub field_67: i32,
    #[auth(read)]
    pub field_68: i32,
    #[auth(read)]
    pub field_69: i32,
    #[auth(read)]
    pub field_70: i32,
    #[auth(read)]
    pub field_71: i32,
    #[auth(read)]
    pub field_72: i32,
    #[auth(read)]
    pub field_73: i32,
    #[auth(read)]
    pub field_74: i32,
    #[auth(read)]
    pub field_75: i32,
    #[auth(read)]
    pub field_76: i32,
    #[auth(read)]
    pub field_77: i32,
    #[auth(read)]
    pub field_78: i32,
    #[auth(read)]
    pub field_79: i32,
    #[auth(read)]
    pub field_80: i32,
    #[auth(read)]
    pub field_81: i32,
    #[auth(read)]
    pub field_82: i32,
    #[auth(read)]
    pub field_83: i32,
    #[auth(read)]
    pub field_84: i32,
    #[auth(read)]
    pub field_85: i32,
    #[auth(read)]
    pub field_86: i32,
    #[auth(read)]
    pub field_87: i32,
    #[auth(read)]
    pub field_88: i32,
    #[auth(read)]
    pub field_89: i32,
    #[auth(read)]
    pub field_90: i32,
    #[auth(read)]
    pub field_91: i32,
    #[auth(read)]
    pub field_92: i32,
    #[auth(read)]
    pub field_93: i32,
    #[auth(read)]
    pub field_94: i32,
    #[auth(read)]
    pub field_95: i32,
    #[auth(read)]
    pub field_96: i32,
    #[auth(read)]
    pub field_97: i32,
    #[auth(read)]
    pub field_98: i32,
    #[auth(read)]
    pub field_99: i32,
    #[auth(read)]
    pub field_100: i32,
    #[auth(read)]
    pub field_101: i32,
    #[auth(read)]
    pub field_102: i32,
    #[auth(read)]
    pub field_103: i32,
    #[auth(read)]
    pub field_104: i32,
    #[auth(read)]
    pub field_105: i32,
    #[auth(read)]
    pub field_106: i32,
    #[auth(read)]
    pub field_107: i32,
    #[auth(read)]
    pub field_108: i32,
    #[auth(read)]
    pub field_109: i32,
    #[auth(read)]
    pub field_110: i32,
    #[auth(read)]
    pub field_111: i32,
    #[auth(read)]
    pub field_112: i32,
    #[auth(read)]
    pub field_113: i32,
    #[auth(read)]
    pub field_114: i32,
    #[auth(read)]
    pub field_115: i32,
    #[auth(read)]
    pub field_116: i32,
    #[auth(read)]
    pub field_117: i32,
    #[auth(read)]
    pub field_118: i32,
    #[auth(read)]
    pub field_119: i32,
    #[auth(read)]
    pub field_120: i32,
    #[auth(read)]
    pub field_121: i32,
    #[auth(read)]
    pub field_122: i32,
}

fn main() {}
