// Ids are counted, not hashed from names: names hold the folder of the build, and the committed bundle must be the same from any folder.
module.exports = { context: __dirname, optimization: { chunkIds: 'natural', moduleIds: 'natural' } };
