exports.nested = { handler: function (event, context, callback) { callback(null, { old: event.userName }) } }
