// Starts Swagger UI on the document beside this page.
'use strict';

const dark = matchMedia('(prefers-color-scheme: dark)');
const followSystem = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', followSystem);
followSystem();

// Swagger UI's own filter compares the names of tags only.
const filterOperations = () => ({
  fn: {
    opsFilter(tags, phrase) {
      const words = phrase.toLowerCase().split(/\s+/);
      const matches = (tag) => (operation) => {
        const details = ['summary', 'description', 'operationId'].map((key) => operation.getIn(['operation', key]) ?? '');
        const text = [tag, operation.get('method'), operation.get('path'), ...details].join(' ').toLowerCase();
        return words.every((word) => text.includes(word));
      };
      return tags
        .map((group, tag) => group.update('operations', (operations) => operations.filter(matches(tag))))
        .filter((group) => group.get('operations').size > 0);
    },
  },
});

SwaggerUIBundle({
  url: new URL('openapi.json', location.href).href,
  dom_id: '#explorer',
  deepLinking: true,
  filter: true,
  displayRequestDuration: true,
  // Tokens are kept in memory only, and nothing is sent to the online validator.
  persistAuthorization: false,
  validatorUrl: null,
  plugins: [filterOperations],
  onComplete() {
    const title = document.querySelector('#explorer .info .title');
    if (title?.firstChild) document.title = title.firstChild.textContent.trim();
    const filter = document.querySelector('#explorer .operation-filter-input');
    if (filter) filter.placeholder = 'Filter operations';
  },
});
