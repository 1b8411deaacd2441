/** The parts that panels are drawn with. */

export { Button, IconButton } from "./button";
export { Confirm, Dialog, type Question } from "./dialog";
export { Field, type FieldAttributes } from "./field";
export { DropArea, FileButton } from "./file";
export { Icon, type IconName } from "./icons";
export { newId, useId } from "./id";
export { KeyList } from "./key-list";
export { MenuButton, Popover, PopoverButton, type MenuItem } from "./menu";
export { mount } from "./mount";
export { EmptyState, Loading, Message, Progress, RetryMessage, Time, Toasts, type MessageKind, type Toast } from "./status";
