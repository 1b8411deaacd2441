export default {
  render({ el }) {
    el.textContent = "clear skies";
  },
};
