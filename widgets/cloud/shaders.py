"""The shader of points: place, colour by mode, slab, crop and light, all by uniforms."""

from __future__ import annotations

from widgets.cloud.drawn import Mode

# how a mode colours: 0 ramp of a value, 1 ramp of the height, 2 palette, 3 own colour, 4 one colour for all
MODES: dict[Mode, int] = {
    "intensity": 0,
    "ring": 0,
    "time": 0,
    "height": 1,
    "label": 2,
    "instance": 2,
    "rgb": 3,
    "plain": 4,
}

VERTEX = """#version 330 core
layout(location = 0) in vec3 xyz;
layout(location = 1) in float value;
layout(location = 2) in vec4 own_color;
uniform mat4 to_clip;
uniform vec4 to_height;
uniform mat4 crop;
uniform mat4 region;
uniform mat4 lit;
uniform bool has_crop;
uniform bool has_region;
uniform bool has_lit;
uniform bool dim;
uniform int mode;
uniform vec2 range;       // low, 1 / (high - low)
uniform vec2 slab;
uniform vec2 point_size;  // device pixels; metres nearer than which it grows, up to twice
uniform vec3 plain;
uniform vec3 lit_color;
uniform sampler2D ramp;
uniform sampler2D palette;
out vec3 color;

bool lies_in(mat4 box) {
    vec3 at = abs((box * vec4(xyz, 1.0)).xyz);
    return max(at.x, max(at.y, at.z)) <= 1.0;
}

void main() {
    gl_Position = to_clip * vec4(xyz, 1.0);
    gl_PointSize = point_size.x * clamp(point_size.y / gl_Position.w, 1.0, 2.0);
    float height = dot(to_height, vec4(xyz, 1.0));
    bool is_outside = has_crop && !lies_in(crop);
    // a place that is no number compares as false, so it is told by what it is not
    bool is_shown = height >= slab.x && height <= slab.y && (dim || !is_outside);
    if (has_region) is_shown = is_shown && lies_in(region);
    if (mode == 2) {
        vec4 found = texelFetch(palette, ivec2(int(mod(value, 256.0)), 0), 0);
        color = found.rgb;
        is_shown = is_shown && found.a > 0.0;
    } else if (mode == 3) {
        color = own_color.rgb;
    } else if (mode == 4) {
        color = plain;
    } else {
        float share = ((mode == 1 ? height : value) - range.x) * range.y;
        color = texelFetch(ramp, ivec2(int(clamp(share, 0.0, 1.0) * 255.0 + 0.5), 0), 0).rgb;
    }
    if (is_outside) color *= 0.25;
    if (has_lit && lies_in(lit)) color = lit_color;
    if (!is_shown) gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
}
"""

FRAGMENT = """#version 330 core
in vec3 color;
uniform bool is_round;
out vec4 painted;

void main() {
    if (is_round) {
        vec2 off = gl_PointCoord - 0.5;
        if (dot(off, off) > 0.25) discard;
    }
    painted = vec4(color, 1.0);
}
"""
