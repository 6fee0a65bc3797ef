// What our pages use of the official SDK; everything else is shaken off.
export { initializeB24Frame } from "@bitrix24/b24jssdk";
