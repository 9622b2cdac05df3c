include "summary";
map(select(.lane == $lane and .case == $case and (.against // .unit) == $against)) | summary[0]
| if .ratio then "\(.ratio.median | hundredths) (\(.ratio.low | hundredths) to \(.ratio.high | hundredths)), CPU \(.cpu_ratio.median // 0 | hundredths)"
	else "\(.value.median | hundredths) \(.unit)" end
	+ if .reach == "" then "" else ", reach \(.reach)" end
