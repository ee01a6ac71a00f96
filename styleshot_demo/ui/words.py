"""Every text of the page in English and Chinese.

Labels of components get a `mark`, by which the browser finds its language at the start and `relabel` on a switch.
Everything else is `Said`: it carries both languages, and the style sheet shows one. So no handler needs to know which
language a person reads, and what has been said already follows the switch too.
"""

import html
import string
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import gradio as gr
from gradio.i18n import I18nData

from styleshot_demo import messages
from styleshot_demo.errors import Problem
from styleshot_demo.messages import Remark
from styleshot_demo.models.catalogue import MODELS, Model
from styleshot_demo.runners.scenes import BETWEEN

LANGUAGES = ("en", "zh")

# key: (English, 中文)
TEXTS: dict[str, tuple[str, str]] = {
    # The frame
    "tagline": ("Paint a photo in any style", "用任何风格重绘照片"),
    "language": ("Language", "语言"),
    "light_dark": ("Switch between light and dark", "切换明暗外观"),
    "tab_text": ("Text-driven", "文字驱动"),
    "tab_image": ("Image-driven", "图像驱动"),
    "tab_classical": ("Classical", "经典方法"),
    "tab_models": ("Models", "模型"),
    "footer": (
        "Everything runs on the machine that serves this page. Pictures are never sent anywhere else.",
        "一切都在提供本页面的机器上运行，图片不会发送到其他任何地方。",
    ),
    # Pictures
    "content": ("Photo", "照片"),
    "style": ("Style", "风格"),
    "style_2": ("Style 2", "风格 2"),
    "style_3": ("Style 3", "风格 3"),
    "style_4": ("Style 4", "风格 4"),
    "drop_content": ("Drop a photo here\nor click to choose one", "将照片拖到这里\n或点击选择"),
    "drop_style": ("Drop a painting here\nor click to choose one", "将画作拖到这里\n或点击选择"),
    "weight": ("Weight", "权重"),
    "add_style": ("Mix in another style", "再混入一种风格"),
    "example_contents": ("Example photos", "示例照片"),
    "example_styles": ("Example styles", "示例风格"),
    "content_chelsea": ("Chelsea the cat", "小猫切尔西"),
    "content_coffee": ("A cup of coffee", "一杯咖啡"),
    "content_astronaut": ("An astronaut", "宇航员"),
    "content_rocket": ("A rocket at night", "夜晚的火箭"),
    # The library of styles
    "library": ("Style library", "风格库"),
    "library_search": ("Search", "搜索"),
    "library_styles": ("Styles", "风格"),
    "library_none": ("No style has these words.", "没有包含这些词的风格。"),
    "library_name": ("Name", "名称"),
    "library_tags": ("Tags, with commas between them", "标签（用逗号分隔）"),
    "library_note": ("Note", "备注"),
    "library_save": ("Save this style", "保存此风格"),
    "library_keep": ("Save", "保存"),
    "library_cancel": ("Cancel", "取消"),
    "library_change": ("Rename", "重命名"),
    "library_export": ("Export", "导出"),
    "library_delete": ("Delete", "删除"),
    "library_undo": ("Undo", "撤销"),
    "library_import": ("Import a style", "导入风格"),
    "library_saved": ("{style} is in the library.", "{style} 已存入风格库。"),
    "library_changed": ("The style is called {style} now.", "该风格现名为 {style}。"),
    "library_used": ("{style} lies in the style boxes.", "{style} 已放入风格框。"),
    "library_deleted": ("{style} is deleted.", "{style} 已删除。"),
    "library_back": ("{style} is back.", "{style} 已恢复。"),
    "library_imported": ("{style} was imported.", "{style} 已导入。"),
    "library_exported": ("{style} is being downloaded.", "正在下载 {style}。"),
    "drop_style_too_large": (
        "The file is larger than {limit}: import it in the shell, with the command styles import.",
        "文件超过 {limit}：请在命令行用 styles import 导入。",
    ),
    # Settings
    "method": ("Method", "方法"),
    "method_fast": ("Fast", "快速"),
    "method_patches": ("Patches", "拼贴"),
    "method_optimise": ("Optimise", "优化"),
    "method_colour": ("Colour", "色彩"),
    "about_fast": (
        "One pass through a small network: an instant, and the strength follows your hand.",
        "一次通过小型网络，瞬间完成；强度随手调节。",
    ),
    "about_patches": (
        "Made of pieces of the style itself: its tiles, dots, hatching and leading, in some seconds.",
        "用风格图片本身的碎片拼成：马赛克、网点、排线、铅条，只需数秒。",
    ),
    "about_optimise": (
        "Paints step by step, as Gatys did: slower and richer, and you can watch.",
        "按 Gatys 的方法逐步绘制：较慢但更丰富，可以看着它成形。",
    ),
    "about_colour": (
        "Takes over the colours only; the photograph stays a photograph.",
        "只借用色彩，照片依然是照片。",
    ),
    "size": ("Size (longest side, pixels)", "尺寸（长边，像素）"),
    "whole": ("The photo's own size", "照片原尺寸"),
    "brush_size": ("Brush size (pixels)", "笔触大小（像素）"),
    "fits": ("Up to {limit} pixels fit into memory now.", "目前内存最多可容纳 {limit} 像素。"),
    "will_be": ("The result will be {width} × {height}.", "结果将为 {width} × {height}。"),
    "too_big": (
        "{size} needs about {needed}, but {free} are free: choose about {limit}.",
        "{size} 约需 {needed}，但仅有 {free} 可用：请选择约 {limit}。",
    ),
    "keep_colours": ("Keep the photo's colours", "保留照片的色彩"),
    "grain": ("Brushwork in flat areas", "平坦区域的笔触"),
    "keep_background": ("Keep the background", "保留背景"),
    "keep_faces": ("Keep faces natural", "保持人脸自然"),
    "finer": ("Fine-tuning", "精细调节"),
    "transform": ("Transform of the features", "特征变换"),
    "transform_wct": ("Whitening-colouring", "白化-着色 (WCT)"),
    "transform_adain": ("AdaIN", "AdaIN"),
    "colour_method": ("Colour map", "色彩映射"),
    "colour_method_monge-kantorovich": ("Monge-Kantorovich", "Monge-Kantorovich"),
    "colour_method_reinhard": ("Reinhard", "Reinhard"),
    "steps": ("Steps", "步数"),
    "content_weight": ("Content weight", "内容权重"),
    "style_weight": ("Style weight", "风格权重"),
    "tv_weight": ("Smoothness", "平滑度"),
    "start": ("Start from", "起点"),
    "start_content": ("The photo", "照片"),
    "start_fast": ("The fast result", "快速结果"),
    "start_noise": ("Noise", "噪声"),
    "optimiser": ("Optimiser", "优化器"),
    "optimiser_adam": ("Adam", "Adam"),
    "optimiser_lbfgs": ("L-BFGS", "L-BFGS"),
    "seed": ("Seed", "随机种子"),
    "randomise": ("Randomise", "随机"),
    "restore": ("Settings from a picture", "从图片恢复设置"),
    "restore_file": ("Choose a picture made here", "选择由本应用生成的图片"),
    "drop_restore": ("Drop a picture made here\nor click to choose one", "将由本应用生成的图片拖到这里\n或点击选择"),
    "restore_about": (
        "Drop a PNG that was saved here: every setting comes back as it was.",
        "拖入由这里保存的 PNG：所有设置都会恢复原样。",
    ),
    "restored": ("The settings are as they were when that picture was made.", "设置已恢复到生成该图片时的状态。"),
    "restored_partly": (
        "The settings are back, except for some that were not usable and were ignored.",
        "设置已恢复，但其中一些无法使用，已被忽略。",
    ),
    "was_enlarged": (
        "It was made {times} times as large afterwards: to have it so again, repaint, then enlarge the result.",
        "之后又放大到 {times} 倍：若要再次得到它，请先绘制，然后放大结果。",
    ),
    "only_enlarged": (
        "This picture was enlarged here, but it does not say how it was painted, so there are no settings to restore.",
        "这张图片曾在此放大，但没有记录它是如何绘制的，因此没有可恢复的设置。",
    ),
    "was_photo": ("The photo was {name}.", "照片为 {name}。"),
    "was_styles": ("The style was {names}.", "风格为 {names}。"),
    # What is dropped on the page
    "ask_title": ("This picture was made here", "这张图片由本应用生成"),
    "ask_about": (
        "It remembers how it was made. What should be done with it?",
        "它记录了自己的生成方式。要如何使用它？",
    ),
    "ask_settings": ("Restore its settings", "恢复其设置"),
    "ask_photo": ("Use it as photo", "用作照片"),
    "ask_style": ("Use it as style", "用作风格"),
    "ask_cancel": ("Cancel", "取消"),
    "drop_no_picture": (
        "That is not a picture. Drop a PNG, JPEG, WebP, BMP, TIFF or GIF.",
        "这不是图片。请拖入 PNG、JPEG、WebP、BMP、TIFF 或 GIF。",
    ),
    "drop_nothing": ("That picture did not arrive. Try again.", "图片未能送达，请再试一次。"),
    "drop_uploading": ("Taking the picture…", "正在接收图片…"),
    "drop_too_many": ("There was no place left for {count} of the pictures.", "有 {count} 张图片没有位置可放。"),
    # What Gradio says by itself
    "toast_error": ("That did not work", "未能完成"),
    "toast_warning": ("Please note", "请注意"),
    "toast_info": ("Note", "提示"),
    "toast_success": ("Done", "完成"),
    "toast_too_large": (
        "This file is too large; at most {limit} are accepted. Save it smaller and try again.",
        "文件过大，最多接受 {limit}。请另存为更小的文件后再试。",
    ),
    "toast_too_large_for": (
        "This file is too large. Save it smaller and try again.",
        "文件过大。请另存为更小的文件后再试。",
    ),
    "toast_wrong_type": (
        "This is not a picture that can be taken. Choose a PNG, JPEG, WebP, BMP, TIFF or GIF.",
        "无法接受这种文件。请选择 PNG、JPEG、WebP、BMP、TIFF 或 GIF 图片。",
    ),
    "toast_lost": (
        "The connection to the program is lost; the page keeps trying to reach it.",
        "与程序的连接已断开，页面正在尝试重新连接。",
    ),
    "toast_unreached": (
        "The program cannot be reached. Check that it is running, and try again.",
        "无法连接到程序。请确认它正在运行，然后再试。",
    ),
    "toast_busy": (
        "Too many people are waiting just now. Try again in a while.",
        "当前排队的人太多，请稍后再试。",
    ),
    "toast_session": ("The program has been started anew. Reload the page.", "程序已重新启动，请重新加载页面。"),
    "toast_uploading": ("A picture is still on its way. Try again in a moment.", "图片仍在上传，请稍候再试。"),
    "toast_unknown": (
        "Something went wrong. Try again; if it stays, reload the page.",
        "出了点问题。请再试一次；如仍如此，请重新加载页面。",
    ),
    "close": ("Close", "关闭"),
    # Result
    "run": ("Repaint", "重绘"),
    "stop": ("Stop", "停止"),
    "strength": ("Strength", "强度"),
    "result": ("Result", "结果"),
    "result_empty": ("Choose a photo and a style, then press Repaint.", "选择照片和风格，然后按“重绘”。"),
    "before": ("Before", "之前"),
    "after": ("After", "之后"),
    "compare": ("Divider between before and after, in percent", "之前与之后的分界线（百分比）"),
    "before_alt": ("The photo before", "重绘前的照片"),
    "after_alt": ("The repainted photo", "重绘后的照片"),
    "progress": ("Progress", "进度"),
    "starting": ("Starting", "正在开始"),
    "stopped": ("Stopped.", "已停止。"),
    "done": ("Painted in {seconds} s", "用时 {seconds} 秒"),
    "facts": ("{width} × {height} · seed {seed}", "{width} × {height} · 种子 {seed}"),
    "stopped_at": (
        "Stopped at step {step} of {total}. What is on show can be saved, or go on.",
        "已停止于第 {step} 步，共 {total} 步。可以保存当前画面，或继续绘制。",
    ),
    "stopped_after": (
        "Stopped. {count} of {total} pictures are finished.",
        "已停止。{total} 张中已完成 {count} 张。",
    ),
    "go_on": ("Go on", "继续"),
    "stale": ("Changed since this was painted", "此图绘制后设置已改变"),
    "download": ("Download PNG", "下载 PNG"),
    "enlarge": ("Enlarge", "放大"),
    "enlarge_about": ("Enlarge the picture on show", "放大当前画面"),
    "enlarge_times": ("Enlarge the picture on show {times} times", "将当前画面放大到 {times} 倍"),
    "enlarge_finer": ("finer, slower", "更精细，较慢"),
    "enlarge_stop": ("Stop enlarging", "停止放大"),
    "enlarge_stopped": ("Stopped. The picture is as it was.", "已停止，画面保持原样。"),
    "download_size": ("Download {width} × {height}", "下载 {width} × {height}"),
    # StyleShot: what is asked for
    "prompt": ("Prompt", "提示词"),
    "text_prompt_hint": ("What should the picture show?", "画面应呈现什么？"),
    "image_prompt_hint": ("What the photo shows, in a few words; may stay empty", "用几个词描述照片内容；可以留空"),
    "example_prompts": ("Example prompts", "示例提示词"),
    "prompt_a_castle_by_the_sea_at_sunset": ("a castle by the sea at sunset", "日落时海边的城堡"),
    "prompt_a_red_apple_on_a_table": ("a red apple on a table", "桌上的一个红苹果"),
    "prompt_three_sailing_boats_at_sunset": ("three sailing boats at sunset", "日落时的三艘帆船"),
    "prompt_a_fox_in_a_snowy_forest": ("a fox in a snowy forest", "雪中森林里的狐狸"),
    "prompt_a_bicycle_on_a_rainy_street": ("a bicycle on a rainy street", "雨中街道上的自行车"),
    "prompt_pattern_of_lemons": ("pattern of lemons", "柠檬图案"),
    "prompt_red_apple": ("red apple", "红苹果"),
    "prompt_rocket": ("rocket", "火箭"),
    "prompt_cat_face": ("cat face", "猫脸"),
    "prompt_sailboat": ("sailboat", "帆船"),
    "prompt_castle": ("castle", "城堡"),
    "prompt_sunflower": ("sunflower", "向日葵"),
    "negative_prompt": ("Negative prompt", "反向提示词"),
    "style_strength": ("Style strength", "风格强度"),
    "content_strength": ("Content strength", "内容强度"),
    "guidance_scale": ("Guidance", "引导强度"),
    "count": ("Pictures", "张数"),
    "tile": ("Repeats without a seam", "无缝拼接"),
    "text_size": ("Size (pixels)", "尺寸（像素）"),
    "image_size": ("Short side (pixels)", "短边（像素）"),
    "model": ("Model", "模型"),
    "model_auto": ("Automatic", "自动"),
    "model_styleshot": ("StyleShot", "StyleShot"),
    "model_composer": ("Composer", "构图器"),
    "model_painter": ("Painter", "画手"),
    "model_small": ("Small StyleShot", "小型 StyleShot"),
    "scheduler": ("Scheduler", "采样器"),
    "scheduler_dpm++": ("DPM++ 2M Karras", "DPM++ 2M Karras"),
    "scheduler_pndm": ("PNDM (the paper's)", "PNDM（论文所用）"),
    "scheduler_unipc": ("UniPC", "UniPC"),
    "scheduler_euler-a": ("Euler a", "Euler a"),
    "scheduler_ddim": ("DDIM", "DDIM"),
    "preprocessor": ("Keep of the photo", "从照片中保留"),
    "preprocessor_contour": ("Contour", "轮廓"),
    "preprocessor_lineart": ("Lineart", "线稿"),
    "preprocessor_both": ("Both", "两者"),
    "threshold": ("Threshold of the contour", "轮廓阈值"),
    "lines_empty": ("The lines of the photo appear here.", "照片的线条将显示在这里。"),
    "lines_alt": ("The lines of the photo that will be kept", "将被保留的照片线条"),
    # StyleShot: the result
    "paint": ("Paint", "绘制"),
    "sweep": ("Strength sweep", "强度对比"),
    "text_empty": (
        "Choose a style, say what to paint, then press Paint.",
        "选择风格，写下要画什么，然后按“绘制”。",
    ),
    "image_empty": ("Choose a photo and a style, then press Paint.", "选择照片和风格，然后按“绘制”。"),
    "pictures": ("All pictures", "全部图片"),
    "made_alt": ("The painted picture", "绘制的图片"),
    "seed_caption": ("seed {seed}", "种子 {seed}"),
    "strength_caption": ("strength {strength}", "强度 {strength}"),
    "sweep_caption": ("all strengths", "全部强度"),
    "repeated": ("Repeated, 2 × 2", "重复排列，2 × 2"),
    "repeated_alt": ("The painted picture, repeated two times two", "绘制的图片，两行两列重复排列"),
    # The composer: its sketch, and what it understood
    "follow_sketch": ("Follow the composer's sketch", "跟随构图器的草图"),
    "sketch": ("Sketch", "草图"),
    "sketch_enlarge": ("Enlarge the sketch", "放大草图"),
    "sketch_drawing": ("Drawing the sketch", "正在画草图"),
    "sketch_photo": ("Use the sketch as photo", "将草图用作照片"),
    "sketch_used": (
        "The sketch is now the photo of the Image-driven and the Classical tab.",
        "草图已成为“图像驱动”和“经典方法”页的照片。",
    ),
    "scene_known": ("Understood", "已理解"),
    "scene_strange": ("Not known here; a name takes its place", "这里不认识；点击名称可替换"),
    "scene_take_out": ("Leave out and paint anew: {what}", "去掉并重新绘制：{what}"),
    "scene_use": ("Instead of “{words}”: {name}", "代替“{words}”：{name}"),
    "scene_chosen": ("{what} · chosen to fit", "{what} · 自动选择"),
    "scene_coloured": ("{colour} {thing}", "{colour}的{thing}"),
    "scene_count": ("{count} × {thing}", "{count} × {thing}"),
    "scene_size_small": ("small {thing}", "小{thing}"),
    "scene_size_large": ("large {thing}", "大{thing}"),
    "scene_on": ("{thing} on {other}", "{other}上的{thing}"),
    "scene_under": ("{thing} under {other}", "{other}下的{thing}"),
    "scene_beside": ("{thing} beside {other}", "{other}旁的{thing}"),
    "scene_behind": ("{thing} behind {other}", "{other}后的{thing}"),
    "scene_in_front_of": ("{thing} in front of {other}", "{other}前的{thing}"),
    "scene_above": ("{thing} above {other}", "{other}上方的{thing}"),
    "scene_around": ("{thing} around {other}", "{other}周围的{thing}"),
    "scene_colour_red": ("red", "红色"),
    "scene_colour_orange": ("orange", "橙色"),
    "scene_colour_yellow": ("yellow", "黄色"),
    "scene_colour_green": ("green", "绿色"),
    "scene_colour_turquoise": ("turquoise", "青绿色"),
    "scene_colour_blue": ("blue", "蓝色"),
    "scene_colour_purple": ("purple", "紫色"),
    "scene_colour_pink": ("pink", "粉色"),
    "scene_colour_brown": ("brown", "棕色"),
    "scene_colour_beige": ("beige", "米色"),
    "scene_colour_gold": ("gold", "金色"),
    "scene_colour_silver": ("silver", "银色"),
    "scene_colour_white": ("white", "白色"),
    "scene_colour_grey": ("grey", "灰色"),
    "scene_colour_black": ("black", "黑色"),
    "scene_place_meadow": ("meadow", "草地"),
    "scene_place_mountains": ("mountains", "山间"),
    "scene_place_forest": ("forest", "森林"),
    "scene_place_desert": ("desert", "沙漠"),
    "scene_place_beach": ("beach", "海滩"),
    "scene_place_sea": ("sea or lake", "海或湖"),
    "scene_place_under_water": ("under water", "水下"),
    "scene_place_street": ("street", "街道"),
    "scene_place_room": ("room", "室内"),
    "scene_place_table": ("table", "桌上"),
    "scene_place_sky": ("sky", "天空"),
    "scene_place_space": ("space", "太空"),
    "scene_place_snow": ("snowfield", "雪地"),
    "scene_place_plain": ("plain background", "纯色背景"),
    "scene_far_mountains": ("mountains behind", "远山"),
    "scene_time_day": ("day", "白天"),
    "scene_time_sunset": ("sunset", "日落"),
    "scene_time_night": ("night", "夜晚"),
    "scene_weather_clear": ("clear weather", "晴朗"),
    "scene_weather_fog": ("fog", "雾"),
    "scene_weather_rain": ("rain", "雨"),
    "scene_weather_snow": ("snowfall", "下雪"),
    "scene_kind_landscape": ("landscape", "风景"),
    "scene_kind_still_life": ("still life", "静物"),
    "scene_kind_portrait": ("portrait", "肖像"),
    "scene_kind_pattern": ("pattern", "图案"),
    "scene_kind_single": ("single thing", "单个图形"),
    # StyleShot: its models
    "uses_styleshot": (
        "Painted by StyleShot with the published weights, because its files are on this machine.",
        "由使用已发布权重的 StyleShot 绘制，因为其文件已在本机。",
    ),
    "uses_small": (
        "Painted by the small built-in StyleShot, as chosen: a preview of what the published weights do.",
        "按所选，由内置的小型 StyleShot 绘制：可预览已发布权重的效果。",
    ),
    "uses_composer": (
        "Composed from Noto art and painted by fast, as chosen. Prompts in English or Chinese.",
        "按所选，由 Noto 图形构图，再由 fast 绘制。提示词可用中文或英文。",
    ),
    "uses_composer_instead": (
        "Composed from Noto art and painted by fast, because the published weights of StyleShot are not on this"
        " machine. Prompts in English or Chinese.",
        "由 Noto 图形构图，再由 fast 绘制，因为本机没有已发布的 StyleShot 权重。提示词可用中文或英文。",
    ),
    "uses_painter": (
        "Painted by the built-in painter (fast) over the photo itself, as chosen.",
        "按所选，由内置画手（fast）直接在照片上重绘。",
    ),
    "uses_painter_instead": (
        "Painted by the built-in painter (fast) over the photo itself, because the published weights of StyleShot are"
        " not on this machine.",
        "由内置画手（fast）直接在照片上重绘，因为本机没有已发布的 StyleShot 权重。",
    ),
    "uses_small_instead": (
        "Painted by the small built-in StyleShot, because the published weights are not on this machine.",
        "由内置的小型 StyleShot 绘制，因为本机没有已发布的权重。",
    ),
    "what_comes": ("What would be fetched", "将下载的内容"),
    "needs_files": (
        "StyleShot needs files that are not on this machine",
        "StyleShot 需要的一些文件不在本机",
    ),
    "needs_files_about": (
        "They are fetched once, and nothing is ever downloaded unless you press the button:",
        "它们只需下载一次；除非你按下按钮，否则不会下载任何内容：",
    ),
    "until_then": (
        "Until then, the Classical tab repaints your own photos.",
        "在此之前，可以在“经典方法”页中重绘自己的照片。",
    ),
    # Models
    "models_about": (
        "Nothing is ever downloaded unless you press the button.",
        "除非你按下按钮，否则不会下载任何内容。",
    ),
    "in_memory": ("In memory", "内存中"),
    "nothing_loaded": (
        "Nothing is loaded. A model is loaded when it is first needed.",
        "尚未加载任何模型；首次需要时才会加载。",
    ),
    "in_use": ("in use", "使用中"),
    "unload": ("Unload", "卸载"),
    "unloaded": ("{model} is unloaded.", "已卸载 {model}。"),
    "unload_later": (
        "{model} is in use and will be unloaded when that run ends.",
        "{model} 正在使用，运行结束后将被卸载。",
    ),
    "on_disk": ("On this machine", "本机文件"),
    "here": ("here", "已就绪"),
    "missing": ("not here", "未下载"),
    "damaged": ("damaged", "已损坏"),
    "not_in_version": ("not part of this version", "此版本不含"),
    "fetch": ("Fetch {size}", "下载 {size}"),
    "fetching": ("{file} · {done} of {size} · {rate}/s", "{file} · {done} / {size} · {rate}/秒"),
    "fetched": ("{model} is ready.", "{model} 已就绪。"),
    "fetch_stopped": (
        "Stopped. What has come is kept, and continued next time.",
        "已停止。已下载的部分会保留，下次继续。",
    ),
    "checking": ("Asking the server", "正在询问服务器"),
    "licence": ("Licence: {licence}", "许可：{licence}"),
}

PROBLEMS_ZH: dict[str, tuple[str, str]] = {
    "not_a_picture": (
        "这个文件不是可以读取的图片。",
        "请选择 JPEG、PNG、WebP、HEIC、AVIF、GIF、TIFF、BMP、TGA 或 JPEG 2000 图片。",
    ),
    "format_refused": (
        "不接受 {format} 图片。",
        "请另存为 JPEG、PNG、WebP、HEIC、AVIF、GIF、TIFF、BMP、TGA 或 JPEG 2000 后再试。",
    ),
    "camera_raw": (
        "这是相机的 RAW 文件：只有传感器记录的数据，还不是图片。",
        "请在冲洗 RAW 的软件中导出为 JPEG 或 TIFF 后再试。",
    ),
    "picture_truncated": ("这张图片不完整，末尾缺失。", "请重新下载或导出。"),
    "picture_damaged": ("这张图片已损坏，或以不受支持的方式存储。", "请重新导出为普通的 PNG 或 JPEG 后再试。"),
    "picture_missing": ("指定的位置没有图片。", "请检查文件名。"),
    "too_many_pixels": ("这张图片有 {megapixels} 百万像素，最多接受 {limit} 百万像素。", "请缩小后再试。"),
    "too_many_bytes": ("这个文件有 {megabytes} MB，最多接受 {limit} MB。", "请另存为更小的文件后再试。"),
    "too_small": ("这张图片为 {width} x {height}，每边至少需要 {limit} 像素。", "请选择更大的图片。"),
    "too_long": ("这张图片为 {width} x {height}，长边超过短边的 {limit} 倍。", "请裁剪后再试。"),
    "scene_unusable": ("这个场景无法绘制：{part} 有误。", "请重新用文字构图。"),
    "nothing_to_draw": ("没有可供构图的文字。", "请写下画面中要有什么。"),
    "no_sketch": (
        "构图器不认识其中任何内容，因此没有可跟随的草图：{words}。",
        "请另外写出物体、地点或时间，或者不跟随草图。",
    ),
    "nothing_known": ("构图器不认识这是什么：{words}。", "请写出其他物体或地点，例如：日落时海边的城堡。"),
    "nothing_known_near": (
        "构图器不认识这是什么：{words}。",
        "请改写为相近的（{nearest}），或写出其他物体或地点。",
    ),
    "one_folder": ("指定了多个内容文件夹。", "请只使用 --content、--flat、--portraits、--structure 之一。"),
    "content_needed": ("还没有内容图片。", "请添加要重绘的图片。"),
    "style_needed": ("还没有风格图片。", "请至少添加一张要借用其风格的图片。"),
    "too_many_styles": ("给出了 {count} 张风格图片，最多接受 {limit} 张。", "请移除一些。"),
    "weights_all_zero": ("所有风格权重都是零。", "请让至少一种风格的权重大于零。"),
    "name_too_long": ("结果的文件名超出了磁盘允许的长度。", "请换一个更短的名称。"),
    "saved_elsewhere": ("结果无法写入指定位置。", "已改存为 {place}，请自行移到需要的位置。"),
    "library_off": ("这里不保存风格。", "请在 STYLESHOT_LIBRARY 中指定一个存放风格的文件夹。"),
    "style_unknown": ("没有名为 {style} 的风格。", "请选择风格库中现有的风格。"),
    "style_taken": ("已有名为 {style} 的风格。", "请另取名称，或先重命名或删除原有的风格。"),
    "style_read_only": ("风格 {style} 随程序提供，不能更改。", "请将其图片另存为自己的风格再修改。"),
    "style_nameless": ("风格需要 1 至 {limit} 个字符的名称。", "请填写名称。"),
    "style_tags": (
        "一种风格最多 {count} 个标签，每个最多 {limit} 个字符。",
        "请删减或缩短标签，标签之间用逗号分隔。",
    ),
    "style_suffix": ("风格文件的名称不合适。", "请选择以 {suffix} 结尾的名称。"),
    "style_gone": ("该风格已无法恢复。", "请从导出的文件导入，或重新保存。"),
    "too_many_style_pictures": (
        "给出了 {count} 张图片，一种风格最多包含 {limit} 张。",
        "请减少图片，或分成两种风格。",
    ),
    "style_file_missing": ("没有文件 {file}。", "请检查文件名。"),
    "not_a_style_file": ("{file} 不是风格文件。", "请选择从风格库导出的文件，其名称以 .style.zip 结尾。"),
    "style_file_damaged": ("风格文件 {file} 已损坏。", "请重新导出或复制。"),
    "style_file_refused": ("风格文件 {file} 含有不应存在的内容，因此未打开。", "请重新导出，不要加入其他内容。"),
    "style_file_too_large": (
        "风格文件 {file} 超过 {limit} MB，或其中某一部分过大。",
        "请减少图片数量或缩小图片后重新导出。",
    ),
    "style_file_newer": ("风格文件 {file} 由本程序的更新版本生成。", "请更新程序后重新导入。"),
    "weights_count": (
        "给出了 {weights} 个风格权重，却有 {styles} 张风格图片。",
        "请为每张风格图片各给一个权重，或一个都不给。",
    ),
    "out_of_range": ("{name}为 {value}，必须在 {low} 到 {high} 之间。", "请选择该范围内的值。"),
    "not_a_number": ("{name}不是数字。", "请输入 {low} 到 {high} 之间的数字。"),
    "not_whole": ("{name}为 {value}，必须是整数。", "请选择不带小数的数字。"),
    "unknown_choice": ("{value} 不是{name}的可选项。", "请从以下选项中选择：{choices}。"),
    "unknown_setting": ("{name}不是这类任务的设置。", "请移除它，或检查拼写。"),
    "bad_setting": ("环境变量 {name} 的值无法使用。", "请将其设为 {expected}。"),
    "out_of_memory": ("内存不足，无法完成。", "请降低尺寸（约 {size} 像素可以容纳）或关闭其他程序后再试。"),
    "out_of_memory_whole": (
        "内存不足，无法处理这种尺寸的照片。",
        "请不要使用照片原尺寸，而是选择一个尺寸（约 {size} 像素可以容纳），或关闭其他程序。",
    ),
    "out_of_memory_brush_size": (
        "内存不足，无法使用这种笔触大小。",
        "请降低笔触大小（约 {size} 像素可以容纳）或关闭其他程序后再试。",
    ),
    "out_of_memory_keep_background": ("内存不足，无法寻找主体。", "请关闭“保留背景”，或关闭其他程序后再试。"),
    "weights_missing": ("本机没有 {model} 的文件。", "请在模型面板中下载，或选择其他模型。"),
    "enlarger_missing": (
        "本机没有 {model}，需下载 {size}。",
        "请在模型面板中下载，或使用命令 `models fetch {name}`；也可以不用它来放大。",
    ),
    "weights_broken": ("{model} 的某个文件已损坏，或不是所需的文件。", "请删除后重新下载。"),
    "out_of_memory_loading": ("内存不足，无法加载 {model}。", "请在模型面板中卸载其他模型，关闭其他程序后再试。"),
    "downloads_off": (
        "下载功能已关闭。",
        "请取消设置 STYLESHOT_OFFLINE 和 HF_HUB_OFFLINE，或将文件放入 STYLESHOT_MODELS 指定的文件夹。",
    ),
    "no_network": ("无法连接 {host}。", "请检查网络连接后再试。"),
    "server_silent": (
        "{host} 可以连接，但没有应答。",
        "请稍后再试，或将 HF_HUB_ETAG_TIMEOUT 设为允许等待的秒数。",
    ),
    "proxy_unreachable": (
        "无法连接代理 {proxy}。",
        "请检查环境变量 http_proxy、https_proxy 和 ALL_PROXY，或取消它们。",
    ),
    "proxy_unusable": (
        "代理 {proxy} 无法使用。",
        "请将 http_proxy 和 https_proxy 设为 http://name:password@host:port 或 socks5://host:port 这样的地址。",
    ),
    "certificate_unknown": (
        "这台机器不信任 {host} 出示的证书。",
        "若经由公司代理上网，请在 SSL_CERT_FILE 中指定其证书文件。",
    ),
    "certificates_unusable": ("SSL_CERT_FILE 所指的证书文件无法使用。", "请更正或取消 SSL_CERT_FILE。"),
    "server_stalled": ("{host} 已停止发送数据。", "请再试一次；下载会从中断处继续。"),
    "server_error": ("{host} 返回错误 {status}。", "请稍后再试；下载会从中断处继续。"),
    "download_cut": ("连接中断了。", "请再试一次；下载会从中断处继续。"),
    "access_refused": (
        "未登录时 {host} 不提供 {file}。",
        "请用 `hf auth login` 登录，或将文件放入 STYLESHOT_MODELS 指定的文件夹。",
    ),
    "file_gone": (
        "{host} 上已没有 {file}。",
        "请查找本程序的新版本，或将文件放入 STYLESHOT_MODELS 指定的文件夹。",
    ),
    "wrong_hash": ("收到的 {file} 并非预期的文件，已被丢弃。", "请再试一次；如仍如此，请不要使用该服务器。"),
    "disk_too_small": (
        "磁盘上需要 {needed}，但仅有 {free} 可用。",
        "请腾出空间，或在 STYLESHOT_MODELS 中指定更大磁盘上的文件夹。",
    ),
    "disk_full": ("磁盘已满。", "请腾出空间后再试；下载会从中断处继续。"),
    "models_folder_locked": ("模型文件夹无法写入。", "请更改其权限，或在 STYLESHOT_MODELS 中指定其他文件夹。"),
    "already_fetching": ("另一个窗口或程序正在下载 {file}。", "请等待其完成。"),
    "checkpoint_unreadable": ("{file} 不是可以读取的检查点。", "请删除后重新下载。"),
    "checkpoint_key_missing": (
        "{file} 中没有名为 {name} 的权重。",
        "请删除后重新下载，或选择 StyleShot 的检查点。",
    ),
    "checkpoint_key_unknown": ("{file} 中名为 {name} 的权重是 StyleShot 所不认识的。", "请选择 StyleShot 的检查点。"),
    "checkpoint_key_shape": (
        "{file} 中的权重 {name} 的形状为 {shape}，而需要的是 {expected}。",
        "请选择为该基础模型制作的检查点。",
    ),
    "checkpoint_not_finite": ("{file} 中的权重 {name} 含有过大的数或非数字。", "请删除后重新下载。"),
    "folder_not_empty": ("{name} 中已有文件。", "请选择新的或空的文件夹。"),
    "no_provenance": ("这张图片没有记录它是如何生成的。", "请选择由本应用保存的 PNG。"),
    "provenance_unusable": (
        "这张图片所记录的生成方式无法使用。",
        "请手动设置，或选择由本应用保存的 PNG。",
    ),
    "output_format": ("结果不能保存为 {suffix} 文件。", "请选择以 .png、.jpg、.webp 或 .tif 结尾的文件名。"),
    "cannot_write": ("结果无法写入。", "请检查文件夹是否存在且可写。"),
    "not_a_folder": ("{name} 是一个文件，而此处需要文件夹。", "请为文件夹另选一个名称。"),
    "enlarged_too_large": (
        "放大后的图片将有 {megapixels} 百万像素，最多只能生成 {limit} 百万像素。",
        "请选择较小的倍数，或较小的图片。",
    ),
    "result_gone": ("程序已不再保存当前画面。", "请重新绘制，或用已保存的文件来放大。"),
    "no_subject": ("这张图片中没有从背景中突出的主体。", "请选择主体明显的图片。"),
    "no_person": ("在这张图片中没有找到人物。", "请选择能看到人脸的图片。"),
    "folder_for_several": ("{name} 是一个文件，而图片有多张。", "请为结果指定一个文件夹。"),
    "same_name": ("有两张图片都会成为 {name}。", "请重命名其中一张，或分两次运行该命令。"),
    "overwrites_input": ("{name} 是要读取的图片之一。", "请为结果另选一个名称。"),
    "device_missing": ("本机没有 {device} 设备。", "请将 STYLESHOT_DEVICE 设为 auto 或 cpu。"),
    "styleshot_missing": (
        "{model} 需要的一些文件不在本机：{missing}，需下载 {size}。",
        "请在模型面板中下载，或将它们放入 STYLESHOT_MODELS 指定的文件夹。",
    ),
    "no_content_fusion": (
        "{model} 的这些权重无法遵循内容图片。",
        "请选择带有内容融合的检查点，或改用文字描述画面。",
    ),
    "not_text": ("{name}不是文字。", "请用文字书写。"),
    "text_too_long": ("{name}有 {count} 个字符，最多接受 {limit} 个。", "请缩短。"),
    "address_taken": (
        "无法在 {host}:{port} 打开页面；该地址可能已被其他程序占用。",
        "请关闭那个程序，或将 STYLESHOT_PORT 设为其他数字。",
    ),
    "address_foreign": (
        "{host} 不是这台机器的地址。",
        "请将 STYLESHOT_HOST 设为 127.0.0.1、::1，或设为 0.0.0.0 以监听所有网络。",
    ),
    "port_forbidden": ("当前用户不能打开端口 {port}。", "请将 STYLESHOT_PORT 设为 1024 或更大的数字。"),
    "no_temporary_folder": ("没有可以写入临时文件的文件夹。", "请将 GRADIO_TEMP_DIR 设为可以写入的文件夹。"),
    "phase_missing": ("运行文件夹中还没有阶段 {phase} 的结果。", "请先运行命令 train small {phase}。"),
    "recipe_unreadable": ("{file} 不是此训练的配方文件。", "请使用随程序附带的配方文件中的表和名称。"),
    "other_run": ("该文件夹中有一次设置不同的训练。", "请另选文件夹，或使用那次训练的设置。"),
    "too_few_pictures": (
        "该文件夹图片太少，留出的部分中没有图片。",
        "请指定图片更多的文件夹，或用 --part all 取全部。",
    ),
    "no_pictures": ("该文件夹中没有图片。", "请指定一个含有图片的文件夹。"),
    "drawings_unusable": ("没有包含已知名称的图画集。", "请指定一个 Iconify 表情符号包的 icons.json。"),
    "judge_alone": (
        "评判绘制结果同时需要 SqueezeNet 和其他图画集。",
        "请同时给出 --squeezenet 和 --drawings，或都不给。",
    ),
    "no_training_pictures": ("没有可用于训练的图片。", "请指定一个含有图片的文件夹。"),
    "no_content_pictures": (
        "用于训练的图片没有内容图。",
        "请用 `python -m styleshot_demo train gallery` 制作，它会画出每张图片的线条。",
    ),
    "gallery_unreadable": (
        "{file} 不是可以读取的图集。",
        "请指定图片或分片文件夹，或含有 image_file 和 content_prompt 的 JSON lines 文件。",
    ),
    "gallery_line": ("这一行没有指明图片。", "请写成含有 image_file 和 content_prompt 的 JSON。"),
    "gallery_shard": ("这个分片不完整或已损坏。", "请重新复制或制作。"),
    "package_missing": (
        "尚未安装软件包 {package}。",
        "请运行 `pip install -r styleshot_demo/training/requirements.txt` 安装。",
    ),
    "feeds_differ": (
        "{networks} 个网络却给了 {feeds} 个 --network-feed。",
        "请只给一个 --network-feed，或给每个网络各一个。",
    ),
    "training_diverged": ("第 {step} 步的损失不再是数值。", "请从上一个检查点以更低的学习率或梯度裁剪继续。"),
    "resolution_step": ("不能以 {value} 的分辨率训练。", "请选择 64 的倍数。"),
    "not_a_base": (
        "{name} 中没有 Stable Diffusion。",
        "请指定 diffusers 格式的文件夹，其中有 unet、vae、text_encoder、tokenizer 和 scheduler。",
    ),
    "not_a_styleshot": (
        "{name} 中没有 StyleShot。",
        "请指定有 ip.bin 和 style_aware_encoder.bin 的文件夹，或训练写出的文件夹。",
    ),
    "vision_or_start": (
        "训练需要一个 CLIP 作为起点，或一个 StyleShot 来继续。",
        "请给出 --vision 和 --start 之一。",
    ),
    "not_finite": (
        "以 {precision} 计算时超出了数值范围，因此没有图片。",
        "请将 STYLESHOT_PRECISION 设为 float32，或换一个种子，或降低引导强度。",
    ),
    "run_unfinished": ("本程序已开始的另一项任务尚未结束。", "请先运行完毕或关闭它，然后再试。"),
    "run_taken_over": ("这项任务很久没有被继续，已为其他等待者结束。", "请重新开始。"),
    "gpu_quota": ("此账号或网络的 GPU 时间已用完。", "请登录 Hugging Face，或稍后再来。"),
    "gpu_quota_until": (
        "今天剩余的 GPU 时间为 {left} 秒，而这项任务最多需要 {requested} 秒。",
        "请在 {wait}（时:分:秒）后再来，登录 Hugging Face 以获得更多时间，或减少图片数量、缩小尺寸。",
    ),
    "gpu_pending": ("你的其他任务已占用剩余的全部 GPU 时间。", "请等它们完成后再试。"),
    "gpu_too_long": ("这项任务需要的 GPU 时间超过单次允许的上限。", "请减少图片数量、缩小尺寸或减少步数。"),
    "gpu_busy": ("现在没有空闲的 GPU。", "请一分钟后再试。"),
    "gpu_aborted": (
        "任务完成前 GPU 已被收回，因为用时超过了申请的时间。",
        "请减少图片数量、缩小尺寸或减少步数后再试。",
    ),
    "gpu_sign_in_again": ("你的登录已过期。", "请重新加载页面后再试。"),
    "gpu_failed": ("无法使用 GPU。", "请再试一次；如仍如此，请稍后再来。"),
    "not_prepared": (
        "{model} 的文件在程序启动之后才到达。",
        "请重新启动程序：届时会在借用 GPU 的时间之外完成准备。",
    ),
    "unexpected": ("发生了意料之外的错误。", "请再试一次；如仍如此，请报告并附上编号 {reference}。"),
}

REMARKS_ZH: dict[str, str] = {
    "loading": "正在加载 {model}",
    "waiting_place": "正在等待另一项任务结束；排队位置：{place}",
    "encoding": "正在读取图片",
    "painting": "正在绘制",
    "kept_16_bits": "已按照片的每通道 16 位计算：保存为 PNG 或 TIFF 可保留",
    "painting_whole": "正在按照片原尺寸绘制，约剩 {seconds} 秒",
    "whole_not_optimised": "只有 fast 和 colour 能按照片原尺寸绘制，此处长边为 {size} 像素",
    "iterating": "第 {step} 步，共 {total} 步，约剩 {seconds} 秒",
    "without_gpu": "没有借到 GPU，因此在处理器上计算，用时较长",
    "finding": "正在寻找主体",
    "enlarging": "正在放大",
    "piecing": "正在寻找风格的碎片：第 {step} 步，共 {total} 步",
    "subject_found": "背景不是纯色：已由小型网络找出主体，只绘制了主体",
    "no_subject": "没有从背景中突出的主体，因此绘制了整张图片",
    "features_builtin": "特征：内置编码器，因为本机没有 VGG-19",
    "features_vgg": "特征：VGG-19",
    "gpu_driver_too_old": "显卡驱动对此版本的 PyTorch 来说太旧，因此使用处理器",
    "gpu_too_old": "{gpu} 对此版本的 PyTorch 来说太旧（计算能力 {capability}，至少需要 {least}），因此使用处理器",
    "reading_model": "正在读取 {model}，仅此一次：{percent} %",
    "converting": "正在准备 {model} 的文件，仅此一次：{percent} %",
    "extracting": "正在提取照片的线条",
    "denoising": "第 {picture} 张，共 {pictures} 张：第 {step} 步，共 {total} 步，约剩 {seconds} 秒",
    "decoding": "正在将潜变量转换为图片",
    "made": "第 {picture} 张已完成，共 {pictures} 张",
    "model_styleshot": "模型：使用已发布权重的 StyleShot",
    "model_small": "模型：内置的小型 StyleShot",
    "model_composer": "由 Noto 图形构图，再由 fast 绘制",
    "composing": "正在构图",
    "sketched": "正在提取草图的线条",
    "sketch_lacks": "草图中没有：{words}",
    "model_painter": "由 fast 直接在照片上重绘",
    "painter_size": "对这张照片，内置画手的短边为 {size} 像素",
    "painter_no_words": "内置画手不读文字，因此未使用提示词",
    "painter_alone": "内置画手对一张照片只画一张",
    "composer_size": "构图器的图片每边至少 {size} 像素",
    "composer_emphasis": "构图器不支持强调：括号和权重未被读取",
    "composer_negative": "构图器不读取反向提示词",
    "scene_bare": "只画了环境",
    "tile_not_composed": "只有构图器能绘制无缝拼接的图片：这张不能无缝拼接",
    "scene_unknown": "这里不认识：{words}",
    "scene_near": "这里不认识：{words}；相近的有：{nearest}",
    "placement_resident": "内存：全部位于 {device}",
    "placement_offload": "内存：大型网络仅在工作时位于 {device}",
    "placement_minimal": "内存：各层逐一移到 {device}，速度较慢",
    "placement_lowered": "内存不足，已改用占用更少的方式完成",
    "prompt_cut": "提示词过长，这一部分未被读取：{rest}",
    "negative_prompt_cut": "反向提示词过长，这一部分未被读取：{rest}",
    "negative_prompt_unused": "未读取反向提示词，因为它需要大于 1 的引导强度",
    "metadata_ignored": "图片中存储的设置无法使用，已被忽略",
    "preview_model": "预览模型：训练时间很短，能跟随轮廓与颜色；按文字画出它所认识事物的大致形状",
    "small_size": "小型模型以 {size} 像素作画",
    "small_contour": "小型模型只能跟随轮廓",
    "words_unknown": "小型模型不认识这些词，画出的可能是别的东西：{words}",
}

# Names of settings as they stand in problems, by the job's field, where that is not the label on the page.
FIELDS: dict[str, tuple[str, str]] = {
    "size": ("Size", "尺寸"),
    "factor": ("Factor", "倍数"),
    "style weight": TEXTS["style_weight"],
}

# What the catalogue says of its models, by name: (title, about). English stands in the catalogue itself.
MODELS_ZH: dict[str, tuple[str, str]] = {
    "encoder": ("内置编码器", "本机没有 VGG-19 时，为“优化”方法提供特征。"),
    "fast": ("快速风格迁移", "一次通过即可重绘图片。"),
    "styleshot-small": ("小型 StyleShot", "随程序附带的小型文字驱动与图像驱动模型。"),
    "vgg19": ("VGG-19", "为“优化”方法提供特征，与原论文一致。"),
    "sd15": ("Stable Diffusion 1.5（半精度）", "由 StyleShot 引导的扩散模型。"),
    "styleshot": ("StyleShot，轮廓", "风格感知编码器、风格适配器，以及用于轮廓的内容编码器。"),
    "styleshot-lineart": ("StyleShot，线稿", "风格感知编码器、风格适配器，以及用于线稿的内容编码器。"),
    "hed": ("HED 轮廓检测器", "画出内容图片的轮廓。"),
    "lineart": ("线稿检测器", "画出内容图片的线条。"),
    "subject": ("主体查找器", "找出图片中突出的主体，以便保留背景。"),
    "person": ("人物查找器", "找出图片中的人物。"),
    "faces": ("人脸查找器", "找出图片中的人脸。"),
    "enlarge": ("放大器", "把图片放大到两倍或四倍，边缘清晰；为绘画作品而设计。"),
    "x4plus": ("Real-ESRGAN x4plus", "放大时纹理比随附的放大器更精细，但慢得多。"),
    "taesd": ("TAESD", "小型解码器，使绘制过程中的预览更清晰；可选。"),
}
# Parts of models, as remarks and the list of what is in memory name them (`runners/weights.py`).
PARTS_ZH: dict[str, str] = {
    "Stable Diffusion UNet": "Stable Diffusion UNet（去噪网络）",
    "Stable Diffusion VAE": "Stable Diffusion VAE（解码器）",
    "Text encoder": "文本编码器",
    "Style encoder": "风格编码器",
    "Style tokens": "风格向量",
    "Encoded pictures": "已编码的图片",
    "Found subjects": "已找到的主体",
    "Found faces": "已找到的人脸",
    "Edges of photos": "照片的边缘",
    "Stopped optimisation": "已停止的优化",
    "Pieced pictures": "拼贴结果",
    "Prior of words": "文字先验",
    "Style adapter": "风格适配器",
    "Content fusion": "内容融合",
    "Contour detector": "轮廓检测器",
    "Lineart detector": "线稿检测器",
}
LICENCES_ZH: dict[str, str] = {"The licence of this program": "与本程序相同"}

_translate = gr.I18n(
    **{
        "en": {key: english for key, (english, _) in TEXTS.items()},
        "zh-CN": {key: chinese for key, (_, chinese) in TEXTS.items()},
    }
)


class Said(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str

    def html(self) -> str:
        """Both texts, escaped; the style sheet shows the one that is in the page's language."""
        english, chinese = html.escape(self.en), html.escape(self.zh)
        return f'<span lang="en">{english}</span><span lang="zh-CN">{chinese}</span>'

    def attributes(self) -> str:
        """Attributes by which the page's script names an element for screen readers, in the page's language."""
        english, chinese = html.escape(self.en, quote=True), html.escape(self.zh, quote=True)
        return f'data-en="{english}" data-zh="{chinese}" aria-label="{english}"'


def say(key: str, **values: Any) -> Said:
    """The text with its values filled in; a value may itself be `Said`."""
    english, chinese = TEXTS[key]
    return _filled(english, chinese, values)


def script_texts() -> dict[str, tuple[str, str]]:
    """The texts that the page's script says by itself, by key."""
    return {key: both for key, both in TEXTS.items() if key.startswith(("toast_", "drop_")) or key == "close"}


def model_title(model: Model) -> Said:
    """What a model is called."""
    return Said(model.title, MODELS_ZH[model.name][0] if model.name in MODELS_ZH else model.title)


def called(name: str) -> Said:
    """What a model or a part of one is called, by its name or title."""
    for model in MODELS.values():
        if name in (model.name, model.title):
            return model_title(model)
    return Said(name, PARTS_ZH.get(name, name))


def field(name: str) -> Said | None:
    """What a field of a job is called in a problem; None for what is none."""
    texts = FIELDS.get(name) or TEXTS.get(name)
    return Said(*texts) if texts else None


def problem(told: Problem) -> tuple[Said, Said]:
    """(what is wrong, what to do)."""
    values = dict(told.values)
    if name := field(str(values.get("name"))):
        values["name"] = name
    if "model" in values:
        values["model"] = called(str(values["model"]))
    if "nearest" in values:
        values["nearest"] = _drawings(str(values["nearest"]))
    what, todo = zip(messages.PROBLEMS[told.key], PROBLEMS_ZH[told.key], strict=True)
    return _filled(*what, values), _filled(*todo, values)


def remark(told: Remark) -> Said:
    """One remark."""
    values = dict(told.values)
    if "model" in values:
        values["model"] = called(str(values["model"]))
    if "nearest" in values:
        values["nearest"] = _drawings(str(values["nearest"]))
    return _filled(messages.REMARKS[told.key], REMARKS_ZH[told.key], values)


def _drawings(names: str) -> Said:
    """Names of drawings, as a remark lists them."""
    from styleshot_demo.compose.art import by_name

    every = by_name()
    each = names.split(BETWEEN)
    return Said(", ".join(each), "、".join(every[name].zh if name in every else name for name in each))


def join(parts: Iterable[Said], between: str = " · ") -> Said:
    """Several texts in one line."""
    parts = list(parts)
    return Said(between.join(part.en for part in parts), between.join(part.zh for part in parts))


def _filled(english: str, chinese: str, values: Mapping[str, Any]) -> Said:
    return Said(
        *(
            sentence.format(
                **{name: value[side] if isinstance(value, Said) else value for name, value in values.items()}
            )
            for side, sentence in enumerate((english, chinese))
        )
    )


# Labels -------------------------------------------------------------------------------------------------------------


def translations() -> gr.I18n:
    """What the browser needs to translate every text that `mark` names."""
    return _translate


def mark(key: str) -> Any:
    """A label that the browser shows in its language."""
    if key not in TEXTS:
        raise KeyError(key)
    return _translate(key)


def marked(page: gr.Blocks) -> dict[Any, dict[str, Any]]:
    """Component -> the arguments it was made with that hold a mark, such as its label or its choices."""
    found: dict[Any, dict[str, Any]] = {}
    for block in page.blocks.values():
        arguments = block.constructor_args
        kept = {name: arguments.get(name) for name in ("label", "value", "placeholder", "choices")}
        kept = {name: value for name, value in kept.items() if _holds_mark(value)}
        if kept:
            found[block] = kept
    return found


def relabel(page_marks: Mapping[Any, Mapping[str, Any]], language: str) -> list[Any]:
    """Updates, in the order of `marked`, that put every label into that language."""
    side = LANGUAGES.index(language if language in LANGUAGES else "en")

    def plain(value: Any) -> Any:
        if isinstance(value, I18nData):
            return TEXTS[value.key][side]
        return [(plain(label), choice) for label, choice in value] if isinstance(value, list) else value

    return [gr.update(**{name: plain(value) for name, value in arguments.items()}) for arguments in page_marks.values()]


def _holds_mark(value: Any) -> bool:
    if isinstance(value, list):
        return any(isinstance(item, tuple) and isinstance(item[0], I18nData) for item in value)
    return isinstance(value, I18nData)


def placeholders(sentence: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
