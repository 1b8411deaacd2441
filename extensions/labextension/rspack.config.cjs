// Module ids are counted, not hashed from names: one of those names is the folder of the build, and the committed bundle must be the same from any folder.
module.exports = { context: __dirname, optimization: { moduleIds: 'natural' } };
