"""Go's text/template, as far as the labels and annotations of Prometheus rules use it.

    parse('{{ $x := .Value }}{{ if gt $x 0.5 }}high{{ end }}', FUNCTIONS).render(data)

Whatever the syntax does not allow and every function that is not known is refused when a template is parsed; what
does not suit the values (`index` of a number) when it is rendered; both as TemplateError and nothing else.
https://pkg.go.dev/text/template
"""

from monitor_collector.go_template.errors import TemplateError
from monitor_collector.go_template.functions import Function
from monitor_collector.go_template.moments import Moment
from monitor_collector.go_template.parser import parse
from monitor_collector.go_template.rendering import ParsedTemplate
from monitor_collector.go_template.values import Arguments, Structure

__all__ = ["Arguments", "Function", "Moment", "ParsedTemplate", "Structure", "TemplateError", "parse"]
