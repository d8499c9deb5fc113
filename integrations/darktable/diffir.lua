--[[
DiffIR Studio from darktable: an export storage that restores what is exported and imports the result.

It calls the command line (`diffir restore`), so no server has to run. README.md says how to install it.
]]
local dt = require "darktable"

local MODULE = "diffir"
local WINDOWS = dt.configuration.running_os == "windows"

dt.preferences.register(MODULE, "command", "string", "DiffIR: command",
  "how the command line is called: diffir, or its whole path", "diffir")

local tasks = { "chain", "clean", "sr", "deblur", "inpaint" }

local task = dt.new_widget("combobox") {
  label = "restore",
  tooltip = "chain: what each photo seems to need; inpaint: fills what is white in NAME_mask.png beside the photo",
  value = 1,
  table.unpack(tasks),
}

local function quoted(text)
  if WINDOWS then return '"' .. text:gsub('"', "") .. '"' end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- folder, name without ending, ending
local function parts(path)
  local folder, name = path:match("^(.*[/\\])([^/\\]*)$")
  name = name or path
  return folder or "", name:match("^(.*)%.[^.]*$") or name, name:match("%.([^.]*)$") or ""
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- A name beside the photo that no file has yet.
local function free(folder, stem, ending)
  local path, number = folder .. stem .. "." .. ending, 1
  while exists(path) do
    number = number + 1
    path = string.format("%s%s (%d).%s", folder, stem, number, ending)
  end
  return path
end

local function first_error(log)
  for line in io.lines(log) do
    local sentence = line:match("^error: (.*)")
    if sentence then return sentence end
  end
  return "the command could not be started: " .. dt.preferences.read(MODULE, "command", "string")
end

local function run(words)
  local log = os.tmpname()
  local line = table.concat(words, " ") .. " 2> " .. quoted(log)
  if WINDOWS then line = '"' .. line .. '"' end
  local done = os.execute(line)
  local failed = not (done == true or done == 0)
  local sentence = failed and first_error(log) or nil
  os.remove(log)
  return sentence
end

-- One exported photo. Gives the new file, or nil and what is wrong.
local function restore(image, exported, asked)
  local _, _, ending = parts(exported)
  local _, stem = parts(image.filename)
  local folder = image.path .. (WINDOWS and "\\" or "/")
  local target = free(folder, stem .. "-" .. asked, ending)
  local words = { quoted(dt.preferences.read(MODULE, "command", "string")), "restore", asked, quoted(exported), "-o",
    quoted(target) }
  if asked == "inpaint" then
    local mask = folder .. stem .. "_mask.png"
    if not exists(mask) then return nil, "there is no mask " .. stem .. "_mask.png beside the photo" end
    table.insert(words, "--mask")
    table.insert(words, quoted(mask))
  end
  if ending == "tif" or ending == "tiff" or ending == "png" then
    table.insert(words, "--bits")
    table.insert(words, "16")
  end
  local wrong = run(words)
  if wrong then return nil, wrong end
  return target
end

local function finalize(_, exported)
  local asked, made = tasks[task.selected], 0
  for image, path in pairs(exported) do
    dt.print("DiffIR: " .. asked .. " " .. image.filename)
    local target, wrong = restore(image, path, asked)
    if target then
      local new = dt.database.import(target)
      new:group_with(image)
      made = made + 1
    else
      dt.print_error("DiffIR: " .. image.filename .. ": " .. wrong)
      dt.print("DiffIR: " .. image.filename .. ": " .. wrong)
    end
    os.remove(path)
  end
  if made > 0 then dt.print("DiffIR: " .. made .. " restored") end
end

dt.register_storage(MODULE, "restore with DiffIR", nil, finalize, nil, nil, task)
