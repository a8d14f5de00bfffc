// Original file: symphony/shipping/v1/shipping.proto


export interface ScheduleShipmentResponse {
  'success'?: (boolean);
  'error_message'?: (string);
  'error_code'?: (string);
  'shipment_id'?: (string);
  'tracking_number'?: (string);
}

export interface ScheduleShipmentResponse__Output {
  'success': (boolean);
  'error_message': (string);
  'error_code': (string);
  'shipment_id': (string);
  'tracking_number': (string);
}
